/** What the service answers, as far as the page reads it. */

export type Scope = "recognise" | "enrol" | "erase" | "admin";

export interface KeyDescription {
  name: string | null;
  scopes: Scope[];
  collections: string[];
}

export interface Collection {
  collection_id: string;
  persons?: number;
  faces?: number;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ImageSize {
  width: number;
  height: number;
}

export interface NamedFace {
  box: Box;
  quality: number;
  quality_reasons: string[];
  name: string | null;
  similarity: number | null;
  warning: string | null;
}

export interface JobDone {
  job_id: string;
  status: "done";
  result: string;
  faces: NamedFace[];
  image: ImageSize;
}

export interface JobFailed {
  job_id: string;
  status: "failed";
  error: { code: string };
}

export interface JobPending {
  job_id: string;
  status: "pending";
}

export type Job = JobDone | JobFailed | JobPending;
