/** The people of a collection, page by page. */

import type { Person, PersonPage } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { personsPath } from "./person_paths";

export const ORDERS = ["name", "faces", "last_enrolled"] as const;
export type Order = (typeof ORDERS)[number];

const PAGE = 200;
const LARGEST_PAGE = 1000;

export class PersonList {
  people: Person[] = [];
  isComplete = false;
  isLoading = true;
  /** Code of what the service answered in place of the next page. */
  problem: string | null = null;
  prefix = "";
  order: Order = "name";
  private token: string | null = null;
  private round = 0;

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly collection: string,
    private readonly onChange: () => void,
  ) {}

  /** List from the beginning; what is shown stays until the answer is there. */
  async look(prefix: string = this.prefix, order: Order = this.order): Promise<void> {
    [this.prefix, this.order] = [prefix, order];
    await this.load(0, 1);
  }

  /** List as many as before, as they are now. */
  async refresh(): Promise<void> {
    await this.load(0, this.people.length);
  }

  async more(): Promise<void> {
    if (!this.isLoading && !this.isComplete) await this.load(this.people.length, this.people.length + 1);
  }

  /** Show a person no more. */
  remove(personId: string): void {
    this.people = this.people.filter(({ person_id }) => person_id !== personId);
  }

  /** Read on behind the first `kept`, until there are `atLeast` so many. */
  private async load(kept: number, atLeast: number): Promise<void> {
    const round = ++this.round;
    this.isLoading = true;
    this.problem = null;
    this.onChange();
    const people = this.people.slice(0, kept);
    let token = kept > 0 ? this.token : null;
    try {
      do {
        const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, atLeast - people.length));
        const page = await this.page(limit, token);
        if (round !== this.round) return;
        people.push(...page.persons);
        token = page.next_token;
      } while (token !== null && people.length < atLeast);
      [this.people, this.token, this.isComplete] = [people, token, token === null];
    } catch (error) {
      if (round !== this.round) return;
      this.problem = codeOf(error);
    }
    this.isLoading = false;
    this.onChange();
  }

  private async page(limit: number, token: string | null): Promise<PersonPage> {
    const query = new URLSearchParams({ limit: String(limit), sort: this.order });
    if (this.prefix) query.set("prefix", this.prefix);
    if (token) query.set("next_token", token);
    const path = `${personsPath(this.collection)}?${query}`;
    return (await this.client.ask<PersonPage>("GET", path)).body;
  }
}

/** Return up to ten people whose names begin so. */
export async function beginning(
  client: Pick<Client, "ask">,
  collection: string,
  prefix: string,
): Promise<Person[]> {
  return (await named(client, collection, prefix, 10)).persons;
}

/** Return the person of exactly this name; null if there is none. */
export async function exactly(
  client: Pick<Client, "ask">,
  collection: string,
  name: string,
): Promise<Person | null> {
  const wanted = name.normalize("NFC");
  let token = "";
  for (;;) {
    const page = await named(client, collection, name, 1000, token);
    const found = page.persons.find(({ person }) => person === wanted);
    if (found || page.next_token === null) return found ?? null;
    token = page.next_token;
  }
}

async function named(
  client: Pick<Client, "ask">,
  collection: string,
  prefix: string,
  limit: number,
  token = "",
): Promise<PersonPage> {
  const query = new URLSearchParams({ limit: String(limit), prefix, sort: "name" });
  if (token) query.set("next_token", token);
  return (await client.ask<PersonPage>("GET", `${personsPath(collection)}?${query}`)).body;
}
