/** An answer of the platform API. */
export interface AnsweredRequest {
  /** Pattern of the route; `/*` when there is none. */
  route: string;
  status: number;
  seconds: number;
}

/** What is told of requests. */
export interface HttpMetrics {
  answered(request: AnsweredRequest): void;
}
