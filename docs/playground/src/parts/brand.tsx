import { Link } from 'wouter';
import icon from '../../icon.svg';

/** Whose page this is, and the way to its beginning. */
export const Brand = () => (
  <Link className="brand" href="/">
    <img src={icon} alt="" />
    Arkloop
  </Link>
);
