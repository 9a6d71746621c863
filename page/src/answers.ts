/** What the service answers, as far as the page reads it. */

export type Scope = "recognise" | "enrol" | "erase" | "admin";

export interface KeyDescription {
  name: string | null;
  scopes: Scope[];
  collections: string[];
}

export interface Collection {
  collection_id: string;
  /** Lowest similarity of a name, as it holds now. */
  threshold: number;
  false_name_rate: number | null;
  keep_unknown: boolean | null;
  created_at: string;
  persons?: number;
  faces?: number;
  /** Share of strangers who get a name; null where nothing is known. */
  expected_false_names?: number | null;
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

export interface Person {
  person: string;
  /** Stays when the person is renamed. */
  person_id: string;
  faces: number;
  /** Id of the face that stands for the person. */
  cover: string;
  last_enrolled_at: string | null;
  metadata: Record<string, string>;
}

export interface PersonPage {
  persons: Person[];
  next_token: string | null;
}

export interface KnownFace {
  face_id: string;
  person: string | null;
  image_id: string;
  quality: number | null;
  enrolled_at: string | null;
}

export interface PersonFaces {
  person: string;
  person_id: string;
  metadata: Record<string, string>;
  consent: { text: string; date: string; source: string } | null;
  faces: KnownFace[];
  next_token: string | null;
}

export interface Receipt {
  receipt_id: string;
  finished_at: string;
  removed: Record<string, number>;
  is_complete: boolean;
  statement: string;
}

export interface DetectedFace {
  box: Box;
  landmarks: Record<string, [number, number]>;
  quality: number;
  quality_reasons: string[];
}
