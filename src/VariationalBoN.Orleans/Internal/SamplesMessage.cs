using System.Collections.Immutable;

namespace VariationalBoN.Orleans.Internal;

/// <summary>Scored samples in a message: columns, and what several samples share once. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.SamplesMessage")]
internal sealed record SamplesMessage
{
    /// <summary>The different prompts, in the order of their first samples.</summary>
    [Id(0)]
    public required PromptMessage[] Prompts { get; init; }

    /// <summary>Their tokens.</summary>
    [Id(1)]
    public required int[][] PromptTokens { get; init; }

    /// <summary>For each sample the place of its prompt.</summary>
    [Id(2)]
    public required int[] PromptOf { get; init; }

    /// <summary>The tokens of each sample.</summary>
    [Id(3)]
    public required int[][] Tokens { get; init; }

    /// <summary>Its text.</summary>
    [Id(4)]
    public required string[] Texts { get; init; }

    /// <summary>How it ended.</summary>
    [Id(5)]
    public required byte[] Finish { get; init; }

    /// <summary>Its reward; null where it has none.</summary>
    [Id(6)]
    public required double?[] Rewards { get; init; }

    /// <summary>log pi_ref of it.</summary>
    [Id(7)]
    public required double[] LogReference { get; init; }

    /// <summary>Named parts of the rewards.</summary>
    [Id(8)]
    public required Dictionary<string, double?[]> Components { get; init; }

    /// <summary>log pi of the policy that drew; null where it was not asked for.</summary>
    [Id(9)]
    public double[]? LogProb { get; init; }

    /// <summary>The message of samples.</summary>
    public static SamplesMessage Of(
        IReadOnlyList<ScoredSample> samples,
        IReadOnlyDictionary<string, ImmutableArray<double?>> components,
        double[]? logProb = null
    )
    {
        var prompts = new List<(Prompt Prompt, ImmutableArray<int> Tokens)>();
        var places = new Dictionary<Prompt, int>();
        int[] promptOf = new int[samples.Count];
        for (int i = 0; i < samples.Count; i++)
        {
            Completion completion = samples[i].Completion;
            if (
                !places.TryGetValue(completion.Prompt, out int place)
                || !prompts[place].Tokens.AsSpan().SequenceEqual(completion.PromptTokens.AsSpan())
            )
            {
                place = prompts.Count;
                places[completion.Prompt] = place;
                prompts.Add((completion.Prompt, completion.PromptTokens));
            }

            promptOf[i] = place;
        }

        return new SamplesMessage
        {
            Prompts = [.. prompts.Select(prompt => PromptMessage.Of(prompt.Prompt))],
            PromptTokens = [.. prompts.Select(prompt => prompt.Tokens.ToArray())],
            PromptOf = promptOf,
            Tokens = [.. samples.Select(sample => sample.Completion.Tokens.ToArray())],
            Texts = [.. samples.Select(sample => sample.Completion.Text)],
            Finish = [.. samples.Select(sample => (byte)sample.Completion.FinishReason)],
            Rewards = [.. samples.Select(sample => sample.Reward)],
            LogReference = [.. samples.Select(sample => sample.LogReference)],
            Components = components.ToDictionary(part => part.Key, part => part.Value.ToArray(), StringComparer.Ordinal),
            LogProb = logProb,
        };
    }

    /// <summary>The samples.</summary>
    public ScoredSample[] ToSamples()
    {
        Prompt[] prompts = [.. Prompts.Select(prompt => prompt.ToPrompt())];
        ImmutableArray<int>[] promptTokens = [.. PromptTokens.Select(tokens => tokens.ToImmutableArray())];
        return
        [
            .. Enumerable
                .Range(0, PromptOf.Length)
                .Select(i => new ScoredSample(
                    new Completion
                    {
                        Prompt = prompts[PromptOf[i]],
                        PromptTokens = promptTokens[PromptOf[i]],
                        Tokens = [.. Tokens[i]],
                        Text = Texts[i],
                        FinishReason = (FinishReason)Finish[i],
                    },
                    Rewards[i],
                    LogReference[i]
                )),
        ];
    }

    /// <summary>The named parts of the rewards.</summary>
    public IEnumerable<KeyValuePair<string, ImmutableArray<double?>>> ToComponents() =>
        Components.Select(part => KeyValuePair.Create(part.Key, part.Value.ToImmutableArray()));
}
