"""Turn what Stripe says about a member's payments into what that member may use; the others hear of it by events."""
