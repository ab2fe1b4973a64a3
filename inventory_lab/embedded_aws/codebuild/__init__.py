"""CodeBuild: projects, builds that wait until something runs them, and test reports."""
