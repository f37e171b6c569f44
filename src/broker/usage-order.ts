/** What can stand in a `UsageOrder`, which keeps its links. */
export interface Linked<Member> {
  earlier: Member | null;
  later: Member | null;
}

/**
 * Members in the order of their last use, the least recently used first. A member is moved to the end in the
 * same short time however many there are, so that finding the ones to give up never means to sort them all.
 */
export class UsageOrder<Member extends Linked<Member>> {
  #first: Member | null = null;
  #last: Member | null = null;

  /** The least recently used; those after it are its `later` ones. */
  get first(): Member | null {
    return this.#first;
  }

  /** Takes in one that is in no order, as the most recently used. */
  add(member: Member): void {
    member.earlier = this.#last;
    if (this.#last === null) this.#first = member;
    else this.#last.later = member;
    this.#last = member;
  }

  remove(member: Member): void {
    const { earlier, later } = member;
    if (earlier === null) this.#first = later;
    else earlier.later = later;
    if (later === null) this.#last = earlier;
    else later.earlier = earlier;
    member.earlier = null;
    member.later = null;
  }

  /** A member of this order was used. */
  use(member: Member): void {
    if (member === this.#last) return;
    this.remove(member);
    this.add(member);
  }
}
