namespace VariationalBoN.Testing.Checks;

/// <summary>The policy under check with the completions that most checks share. Not thread-safe.</summary>
internal sealed class PolicyProbe(IPolicy policy, Prompt[] prompts, PolicyCheckOptions options, CancellationToken cancellationToken)
{
    private const int CompletionsPerCall = 64,
        MostSubjects = 16;

    public IPolicy Policy => policy;

    public Prompt[] Prompts => prompts;

    public PolicyCheckOptions Options => options;

    /// <summary>The draws that most checks share, prompt by prompt.</summary>
    public IReadOnlyList<Completion> Drawn { get; private set; } = [];

    /// <summary>Their log-probs, from one call for all.</summary>
    public double[] LogProbs { get; private set; } = [];

    public DrawSeed Seed => new(options.Seed, DrawPurpose.Evaluation);

    public void Draw() =>
        Drawn = Sample(policy, Seed) ?? throw new InvalidOperationException("Sample returned null instead of completions.");

    public void Discard() => Drawn = [];

    public void Score() => LogProbs = policy.LogProbValues(Drawn);

    public IReadOnlyList<Completion> Sample(IPolicy of, DrawSeed seed) =>
        of.Sample(prompts, options.CompletionsPerPrompt, seed, cancellationToken);

    public IReadOnlyList<Completion> Sample(IReadOnlyList<Prompt> some, int completions, DrawSeed seed) =>
        policy.Sample(some, completions, seed, cancellationToken);

    /// <summary>Log-probs of any number of completions, a call for each few, since a policy need not bound its memory.</summary>
    public double[] LogProbOf(IReadOnlyList<Completion> completions)
    {
        var values = new List<double>(completions.Count);
        foreach (Completion[] part in completions.Chunk(CompletionsPerCall))
        {
            cancellationToken.ThrowIfCancellationRequested();
            values.AddRange(policy.LogProbValues(part));
        }

        return [.. values];
    }

    /// <summary>Indices of a few of the draws, spread over prompts: those that are scored one by one.</summary>
    public int[] Subjects() =>
        [
            .. Enumerable
                .Range(0, Math.Min(MostSubjects, Drawn.Count))
                .Select(i => (int)((long)i * Drawn.Count / Math.Min(MostSubjects, Drawn.Count))),
        ];

    /// <summary>The length that padding evens out: tokens with those of the prompt, or characters for a policy without tokens.</summary>
    public static int Length(Completion completion) =>
        completion.PromptTokens.Length + completion.Tokens.Length is var tokens and > 0
            ? tokens
            : completion.Prompt.Canonical.Length + completion.Text.Length;

    /// <summary>What makes two completions of a prompt the same outcome.</summary>
    public static string Key(Completion completion) =>
        completion.Tokens.IsDefaultOrEmpty ? completion.Text : string.Join(' ', completion.Tokens);

    /// <summary>The share of completions that differ.</summary>
    public static double Changed(IReadOnlyList<Completion> one, IReadOnlyList<Completion> other) =>
        one.Count == other.Count
            ? one.Zip(other).Count(pair => Key(pair.First) != Key(pair.Second) || pair.First.Prompt != pair.Second.Prompt)
                / (double)one.Count
            : 1;

    /// <summary>The largest difference in nats; equal infinities differ by 0, NaN from anything by infinity.</summary>
    public static double Largest(IEnumerable<double> one, IEnumerable<double> other) =>
        one.Zip(other).Max(pair => Difference(pair.First, pair.Second));

    private static double Difference(double a, double b) =>
        a == b ? 0
        : double.IsNaN(a - b) ? double.PositiveInfinity
        : Math.Abs(a - b);
}
