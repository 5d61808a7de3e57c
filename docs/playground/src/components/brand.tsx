import { Link } from 'wouter';
import icon from '../../../brand/logo.svg';

/** Logo with a link to the start page. */
export const Brand = () => (
  <Link className="brand" href="/">
    <img src={icon} alt="" />
    Arkloop
  </Link>
);
