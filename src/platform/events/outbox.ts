/** The outbox of D1: events wait there until their consumer has done its work. */
export interface Outbox {
  /** Sends what is due to the queue; answers how many events. What is lost on the way is sent again when it is due. */
  drain(): Promise<number>;
}
