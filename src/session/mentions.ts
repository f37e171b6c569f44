/**
 * Before an `@` these make it part of a word, such as an address: what user ids are made of, and the letters of
 * scripts that part words by blanks. Others, such as Chinese, put a mention right behind a word.
 */
const wordCharacter = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}0-9_.:@|~=-]/u;

/** What makes a name go on behind an account's. */
const restOfName = /[.:]*[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}0-9_@|~=-]/uy;

/**
 * The public accounts that a text mentions, each once: `@account` at the start of a word. The longest account
 * that fits counts, and what follows it must not go on as a name; a full stop or a colon may end a sentence.
 */
export function mentionedAccounts(text: string, accounts: readonly string[]): string[] {
  const found = new Set<string>();
  const longestFirst = [...accounts].sort((a, b) => b.length - a.length);
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (at > 0 && wordCharacter.test(text[at - 1]!)) continue;
    const account = longestFirst.find((candidate) => endsHere(text, at + 1, candidate));
    if (account !== undefined) found.add(account);
  }
  return [...found];
}

function endsHere(text: string, from: number, account: string): boolean {
  if (!text.startsWith(account, from)) return false;
  restOfName.lastIndex = from + account.length;
  return !restOfName.test(text);
}
