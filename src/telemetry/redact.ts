/**
 * Keeps secrets out of log lines. Values are judged by the name they stand under (`isSensitiveName`); text in
 * which a secret may be buried, such as an URL in an error's message, is searched (`redactText`).
 */
export const redacted = "[redacted]";

const sensitiveName = /(?:token|authorization|apikey|password|passwd|secret|cookie)$/;

/** Whether a value under this name is a secret. Case, `-` and `_` do not matter: `X-Api-Key`, `apiKey`, `access_token`. */
export function isSensitiveName(name: string): boolean {
  return sensitiveName.test(name.toLowerCase().replace(/[-_]/g, ""));
}

const names = "token|authorization|api[-_]?key|password|passwd|secret|cookie";
const mayHoldSecret = new RegExp(`${names}|bearer|://|eyJ`, "i");
const parameter = new RegExp(`((?:${names})=)[^&\\s"'#;,]+`, "gi");
const jsonMember = new RegExp(`((?:${names})\\\\{0,3}"\\s{0,4}:\\s{0,4}\\\\{0,3}")[^"\\\\]+`, "gi");
const bearer = /(\bbearer\s{1,4})[\w.~+/=-]{8,}/gi;
const urlPassword = /(:\/\/[^/\s:@]{0,255}:)[^/\s@]{1,1024}(?=@)/g;

/** A JSON Web Token, wherever it stands: its header is a JSON object. */
const webToken = /(?<![\w-])eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)?/g;

/** The text with `token=…` and the like, JSON members, bearer and JSON Web Tokens, and passwords in URLs made unreadable. */
export function redactText(text: string): string {
  if (!mayHoldSecret.test(text)) return text;
  return text
    .replace(parameter, `$1${redacted}`)
    .replace(jsonMember, `$1${redacted}`)
    .replace(bearer, `$1${redacted}`)
    .replace(webToken, redacted)
    .replace(urlPassword, `$1${redacted}`);
}

/**
 * An absolute or relative URL without its secrets: the values of sensitive parameters in query and fragment,
 * also when their names are percent-encoded, and the password before the host. Never throws.
 */
export function redactUrl(url: string | URL): string {
  const text = String(url);
  const end = text.search(/[?#]/);
  if (end === -1) return redactText(text);
  return redactText(text.slice(0, end)) + text.slice(end).replace(/[^?#&;]+/g, redactParameter);
}

function redactParameter(pair: string): string {
  const equals = pair.indexOf("=");
  if (equals === -1) return pair;
  const name = pair.slice(0, equals);
  return isSensitiveName(decodeName(name)) ? `${name}=${redacted}` : redactText(pair);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " ")).trim();
  } catch {
    return name;
  }
}
