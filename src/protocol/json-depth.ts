const quote = 0x22;
const backslash = 0x5c;

/**
 * Whether JSON text is nested deeper than so many levels, found without parsing it: a parser would make objects
 * of all of it first. Of text that is not valid JSON it may say either.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  // Each level takes a bracket to open it, and one to close it.
  if (text.length <= 2 * levels || countUpTo(text, "[{", levels) <= levels) return false;
  let level = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case quote:
        index = endOfString(text, index);
        break;
      case 0x5b:
      case 0x7b:
        if (++level > levels) return true;
        break;
      case 0x5d:
      case 0x7d:
        level--;
        break;
    }
  }
  return false;
}

/** How often the characters are in the text; more than `limit` is not counted further. Faster than to look at each. */
function countUpTo(text: string, characters: string, limit: number): number {
  let count = 0;
  for (const character of characters) {
    for (let at = text.indexOf(character); at >= 0 && count <= limit; at = text.indexOf(character, at + 1)) {
      count++;
    }
  }
  return count;
}

/** Where the string that begins at `start` ends; the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text.charCodeAt(first - 1) === backslash) first--;
    // An even number of backslashes are themselves escaped, and leave the quote alone.
    if ((end - first) % 2 === 0) return end;
  }
  return text.length;
}
