"""What is remote: the language-model assessor, embedders. The composition root chooses."""
