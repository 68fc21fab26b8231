import type { ProxyDenial, ProxyGrant } from '@tandem/egress/proxy-grant';
import type { CDPSession, Target } from 'puppeteer-core';

/** What a piece of work needs of its page. */
export interface PageNeeds {
  tenant: string;
  /** Whether scripts of the page run. */
  javascript: boolean;
  /** Whether the page may reach other hosts, through egress. */
  network: boolean;
  /** Whether the page is drawn, as pictures of it need. One with scripts always is. */
  drawn?: boolean;
  /** Hears of each host that egress keeps the page from. */
  onDenied?: (denial: ProxyDenial) => void;
  /** Ends the loan: the page is destroyed, whatever it does. */
  signal: AbortSignal;
}

/**
 * A page for one piece of work, blank at first. No job before it left anything in it, and none after it will find what this
 * one leaves. The domains Fetch, Page, Network and Emulation of its session are the borrower's until the loan ends.
 */
export interface LentPage {
  target: Target;
  session: CDPSession;
  /** An origin that no other loan ever has: `https://<id>.document.invalid`. Its requests are for the borrower to answer. */
  origin: string;
  /** The main frame. */
  frame: string;
  /**
   * Whether the page shows an empty document of its origin already, and its session pauses every request by `Fetch`: then writing
   * into that document makes a page without another navigation.
   */
  opened: boolean;
  /** Present when the page may reach other hosts: its token is the user name that the proxy asks for. */
  grant?: ProxyGrant;
}
