/** What the page knows of its visitor: a key for as long as the tab is open, and nothing else. */

const PLACE = "efr-key";

export const keptKey = (): string | null => sessionStorage.getItem(PLACE);

export function keepKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, key);
}
