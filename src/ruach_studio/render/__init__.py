"""Turn a locked EDL into mastered files: preset → plan → picture → sound → stored artifact."""
