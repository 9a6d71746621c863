/** Requests to the service that the page comes from, and what it answers. */

export class ServiceError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean,
    readonly retryAfterS: number | null,
  ) {
    super(message);
  }
}

/** The service can't be reached, or something on the way answers in its place. */
export const AWAY = "AWAY";

export interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
  retryAfterS: number | null;
}

export interface Sent {
  json?: unknown;
  form?: FormData;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Whether the request goes on when the page is closed. */
  outlives?: boolean;
}

export class Client {
  constructor(
    private readonly key: string | null,
    private readonly onRefusedKey: () => void,
  ) {}

  async ask<T>(method: string, path: string, sent: Sent = {}): Promise<Answer<T>> {
    const response = await this.send(method, path, sent);
    const body = response.status === 204 ? null : await response.json().catch(unreadable);
    return {
      status: response.status,
      body: body as T,
      headers: response.headers,
      retryAfterS: retryAfter(response),
    };
  }

  async picture(path: string, signal?: AbortSignal): Promise<Blob> {
    const response = await this.send("GET", path, signal ? { signal } : {});
    return response.blob();
  }

  private async send(method: string, path: string, sent: Sent): Promise<Response> {
    const headers = new Headers(sent.headers);
    if (this.key) headers.set("Authorization", `Bearer ${this.key}`);
    let body: BodyInit | null = null;
    if (sent.form) body = sent.form;
    if (sent.json !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(sent.json);
    }
    const options: RequestInit = { method, headers, body, credentials: "omit" };
    if (sent.signal) options.signal = sent.signal;
    if (sent.outlives) options.keepalive = true;
    const response = await fetch(path.replace(/^\//, ""), options).catch((error: unknown) => {
      if (sent.signal?.aborted) throw error;
      return unreadable();
    });
    if (response.ok) return response;
    const error = await errorOf(response);
    if (response.status === 401) this.onRefusedKey();
    throw error;
  }
}

function unreadable(): never {
  throw new ServiceError(AWAY, "", true, null);
}

async function errorOf(response: Response): Promise<ServiceError> {
  const told = await response.json().catch(() => ({}));
  return new ServiceError(
    told.code ?? AWAY,
    told.error ?? "",
    told.retryable ?? response.status >= 500,
    retryAfter(response),
  );
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? NaN);
  return Number.isFinite(seconds) ? seconds : null;
}

export function codeOf(error: unknown): string {
  return error instanceof ServiceError ? error.code : AWAY;
}

/** Percent-encode a name for a path, as the service reads it. */
export const inPath = (name: string): string => encodeURIComponent(name);
