namespace VariationalBoN.Testing.Checks;

/// <summary>Draws, halves them, and counts: the first half says which outcomes are looked at,
/// so that the counts of the second half are those of fixed events. Immutable.</summary>
internal sealed class OutcomeCounts
{
    private const int DrawsPerCall = 256;

    private OutcomeCounts(IReadOnlyList<OutcomeGroup> groups, string? note) => (Groups, Note) = (groups, note);

    /// <summary>Whole completions and, where LogProb takes them, first tokens of each prompt.</summary>
    public IReadOnlyList<OutcomeGroup> Groups { get; }

    /// <summary>Why first tokens are not among the groups; null where they are.</summary>
    public string? Note { get; }

    public static OutcomeCounts Draw(PolicyProbe probe)
    {
        var groups = new List<OutcomeGroup>();
        string? note = probe.Options.ScoresPrefixes ? null : "first tokens are not tested (PolicyCheckOptions.ScoresPrefixes)";
        foreach ((int p, Prompt prompt) in probe.Prompts.Take(probe.Options.FrequencyPrompts).Index())
        {
            Completion[] drawn = Draws(probe, prompt);
            groups.Add(Group(probe, $"completions of prompt {p}", drawn, false));
            if (note is not null || drawn.All(completion => completion.Tokens.Length <= 1))
                continue;
            try
            {
                groups.Add(Group(probe, $"first tokens of prompt {p}", [.. drawn.Select(FirstToken)], true));
            }
            catch (Exception e) when (e is not OperationCanceledException) // the same completions, whole, went through before
            {
                note = $"first tokens are not tested: LogProb takes no completion cut after its first token ({e.GetType().Name})";
            }
        }

        return new OutcomeCounts(groups, note);
    }

    private static Completion[] Draws(PolicyProbe probe, Prompt prompt)
    {
        var drawn = new List<Completion>(probe.Options.Draws);
        // seeds of their own, so that a fault of FirstSample is not counted twice
        for (int call = 0; drawn.Count < probe.Options.Draws; call++)
            drawn.AddRange(
                probe.Sample(
                    [prompt],
                    Math.Min(DrawsPerCall, probe.Options.Draws - drawn.Count),
                    probe.Seed with
                    {
                        Value = unchecked(probe.Seed.Value + 1_000_003 + call),
                    }
                )
            );
        return [.. drawn];
    }

    private static OutcomeGroup Group(PolicyProbe probe, string what, Completion[] drawn, bool firstTokens)
    {
        int half = drawn.Length / 2;
        Completion[] outcomes = [.. drawn.Take(half).DistinctBy(PolicyProbe.Key)];
        ILookup<string, Completion> counted = drawn.Skip(half).ToLookup(PolicyProbe.Key);
        return new OutcomeGroup(
            what,
            firstTokens,
            probe.LogProbOf(outcomes),
            [.. outcomes.Select(outcome => counted[PolicyProbe.Key(outcome)].Count())],
            drawn.Length - half
        );
    }

    private static Completion FirstToken(Completion completion) =>
        completion.Tokens.Length <= 1
            ? completion
            : completion with
            {
                Tokens = completion.Tokens[..1],
                Text = "",
                FinishReason = FinishReason.Length,
            };
}
