/** Characters of a user id; before an `@` they make it part of a word, such as an address. */
const wordCharacter = /[A-Za-z0-9_.:|~=-]/;

/**
 * The public accounts that a text mentions, each once: `@account` at the start of a word. The longest account
 * that fits counts, and what follows it must not go on as a name; a full stop or a colon may end a sentence.
 */
export function mentionedAccounts(text: string, accounts: readonly string[]): string[] {
  const found = new Set<string>();
  const longestFirst = [...accounts].sort((a, b) => b.length - a.length);
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at > 0 && (wordCharacter.test(text[at - 1]!) || text[at - 1] === "@")) continue;
    const account = longestFirst.find((candidate) => endsHere(text, at + 1, candidate));
    if (account !== undefined) found.add(account);
  }
  return [...found];
}

function endsHere(text: string, from: number, account: string): boolean {
  if (!text.startsWith(account, from)) return false;
  return !/^[.:]*[A-Za-z0-9_@|~=-]/.test(text.slice(from + account.length, from + account.length + 8));
}
