/** The people of a collection, page by page. */

import type { Person, PersonPage } from "../answers";
import { codeOf } from "../client";
import type { Client } from "../client";
import { personsPath } from "./person_paths";

export const ORDERS = ["name", "faces", "last_enrolled"] as const;
export type Order = (typeof ORDERS)[number];

const PAGE = 100;
const LARGEST_PAGE = 1000;

export class PersonList {
  /** Pages as they came: one that is shown is never drawn again. */
  pages: Person[][] = [];
  isComplete = false;
  isLoading = true;
  /** Code of what the service answered in place of the next page. */
  problem: string | null = null;
  prefix = "";
  order: Order = "name";
  private token = "";
  private round = 0;

  constructor(
    private readonly client: Pick<Client, "ask">,
    private readonly collection: string,
    private readonly onChange: () => void,
  ) {}

  get count(): number {
    return this.pages.reduce((sum, page) => sum + page.length, 0);
  }

  /** List from the beginning; what is shown stays until the answer is there. */
  async look(prefix: string = this.prefix, order: Order = this.order): Promise<void> {
    [this.prefix, this.order, this.token] = [prefix, order, ""];
    await this.load(PAGE, (page) => [page]);
  }

  /** List as many as before, as they are now. */
  async refresh(): Promise<void> {
    this.token = "";
    await this.load(Math.min(LARGEST_PAGE, Math.max(PAGE, this.count)), (page) => [page]);
  }

  /** Show a person no more. */
  remove(personId: string): void {
    this.pages = this.pages.map((page) => page.filter(({ person_id }) => person_id !== personId));
  }

  async more(): Promise<void> {
    if (this.isLoading || this.isComplete) return;
    await this.load(PAGE, (page) => [...this.pages, page]);
  }

  private async load(limit: number, joined: (page: Person[]) => Person[][]): Promise<void> {
    const round = ++this.round;
    this.isLoading = true;
    this.problem = null;
    this.onChange();
    const query = new URLSearchParams({ limit: String(limit), sort: this.order });
    if (this.prefix) query.set("prefix", this.prefix);
    if (this.token) query.set("next_token", this.token);
    try {
      const path = `${personsPath(this.collection)}?${query}`;
      const { body } = await this.client.ask<PersonPage>("GET", path);
      if (round !== this.round) return;
      this.pages = joined(body.persons);
      this.token = body.next_token ?? "";
      this.isComplete = body.next_token === null;
    } catch (error) {
      if (round !== this.round) return;
      this.problem = codeOf(error);
    }
    this.isLoading = false;
    this.onChange();
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
