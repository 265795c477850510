namespace ServerPool;

/// <summary>What a model answers: the ids that were drawn, log p of each at temperature 1 as vLLM tells them, and the text.</summary>
internal sealed record ServedAnswer(int[] Tokens, double[] LogProbs, string Text, bool Stopped);
