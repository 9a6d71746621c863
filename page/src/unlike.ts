/** Return what nothing else is called; `randomUUID` would need HTTPS. */
export function unlike(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
}
