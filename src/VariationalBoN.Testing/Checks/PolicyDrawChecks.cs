namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of what Sample returns and of what it depends on. Stateless.</summary>
internal static class PolicyDrawChecks
{
    private const string Others = "sample: other seeds and purposes";
    private const string NotCounterRandom =
        "random numbers are not a function of (seed, purpose, prompt, sample): take them from CounterRandom, not from a generator with "
        + "state";

    public static CheckResult Identity(IPolicy policy, out string identity)
    {
        ModelIdentity first = policy.Identity ?? throw new InvalidOperationException("Identity is null.");
        identity = first.ToString();
        return CheckResult.Of(
            "identity",
            first == policy.Identity ? 0 : 1,
            0,
            "Identity is the same when asked twice",
            "it names something that changes, such as a time or an object's hash, so that every reference table is refused"
        );
    }

    public static CheckResult CountAndOrder(PolicyProbe probe)
    {
        probe.Draw();
        Prompt[] expected = [.. probe.Prompts.SelectMany(prompt => Enumerable.Repeat(prompt, probe.Options.CompletionsPerPrompt))];
        IReadOnlyList<Completion> drawn = probe.Drawn;
        double wrong =
            drawn.Count == expected.Length
                ? drawn.Zip(expected).Count(pair => pair.First?.Prompt != pair.Second) / (double)expected.Length
                : 1;
        if (wrong > 0)
            probe.Discard();
        return CheckResult.Of(
            "sample: count and order",
            wrong,
            0,
            $"share out of place; {probe.Prompts.Length} prompts x {probe.Options.CompletionsPerPrompt} completions asked for, "
                + $"{drawn.Count} returned",
            drawn.Count == expected.Length
                ? "completions come sample by sample instead of prompt by prompt, or Completion.Prompt is not the prompt that was asked for"
                : "Sample must return P * K completions"
        );
    }

    public static CheckResult SameSeed(PolicyProbe probe) =>
        CheckResult.Of(
            "sample: same seed",
            PolicyProbe.Changed(probe.Drawn, probe.Sample(probe.Policy, probe.Seed)),
            0,
            "share of completions that differ when drawn again with the same seed",
            NotCounterRandom
        );

    public static CheckResult OtherSeeds(PolicyProbe probe)
    {
        DrawSeed seed = probe.Seed;
        (string What, DrawSeed Seed)[] others =
        [
            ("another seed", seed with { Value = seed.Value + 1 }),
            ("another purpose", seed with { Purpose = DrawPurpose.Rollout }),
            ("other sample numbers", seed with { FirstSample = probe.Options.CompletionsPerPrompt }),
        ];
        string[] same =
        [
            .. others
                .Where(other => PolicyProbe.Changed(probe.Drawn, probe.Sample(probe.Policy, other.Seed)) == 0)
                .Select(other => other.What),
        ];
        if (same.Length == 0)
            return CheckResult.Of(Others, 0, 0, "draws that another seed, purpose or sample number left as they were");
        // -log10 of the probability of drawing exactly these again
        double evidence = -probe.Policy.LogProbValues(probe.Drawn).Sum(value => Math.Min(0, value)) / Math.Log(10);
        return evidence > FrequencyChecks.Limit(probe.Options)
            ? CheckResult.Of(
                Others,
                same.Length,
                0,
                $"the same completions for {string.Join(" and for ", same)}",
                "seed, DrawSeed.Purpose or DrawSeed.FirstSample is ignored, so that reference samples and rollouts share random numbers",
                NotCounterRandom
            )
            : CheckResult.Skip(Others, "the policy is so certain that other seeds may well give the same completions");
    }

    public static CheckResult Batch(PolicyProbe probe)
    {
        int k = probe.Options.CompletionsPerPrompt;
        var alone = probe.Prompts.SelectMany(prompt => probe.Sample([prompt], k, probe.Seed)).ToArray();
        var reversed = probe.Sample([.. probe.Prompts.Reverse()], k, probe.Seed).Chunk(k).Reverse().SelectMany(group => group).ToArray();
        double changed = Math.Max(PolicyProbe.Changed(probe.Drawn, alone), PolicyProbe.Changed(probe.Drawn, reversed));
        return CheckResult.Of(
            "sample: batch",
            changed,
            probe.Options.DrawTolerance,
            "share of completions that differ when prompts are drawn alone or in reversed order",
            NotCounterRandom,
            "logits change with the rest of the batch: see \"log-prob: batch\" and \"log-prob: padding\""
        );
    }

    public static CheckResult Numbering(PolicyProbe probe)
    {
        int k = probe.Options.CompletionsPerPrompt;
        Prompt prompt = probe.Prompts[0];
        Completion[] expected = [.. probe.Drawn.Take(k)];
        Completion[] continued =
        [
            .. probe.Sample([prompt], 1, probe.Seed),
            .. probe.Sample([prompt], k - 1, probe.Seed with { FirstSample = 1 }),
        ];
        IReadOnlyList<Completion> twice = probe.Sample([prompt, prompt], k, probe.Seed);
        double changed = Math.Max(PolicyProbe.Changed(expected, continued), PolicyProbe.Changed(expected, [.. twice.Take(k)]));
        double repeats =
            PolicyProbe.Changed([.. twice.Take(k)], [.. twice.Skip(k)]) == 0 && expected.Select(PolicyProbe.Key).Distinct().Count() > k / 2
                ? 1
                : 0;
        return CheckResult.Of(
            "sample: numbering",
            Math.Max(changed, repeats),
            probe.Options.DrawTolerance,
            "share of completions that differ when a draw is continued (FirstSample) or its prompt stands twice",
            "DrawSeed.FirstSample is ignored",
            "a prompt that stands twice gets the same samples again: count how often it was seen"
        );
    }
}
