using System.Collections.Concurrent;

namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of a <see cref="CausalLmPolicy"/> against itself with other chunks and without its cache:
/// what its module does with a batch. Stateless.</summary>
internal static class CausalLmChecks
{
    public static CheckResult Chunks(PolicyProbe probe)
    {
        if (probe.Policy is not CausalLmPolicy policy)
            return CheckResult.Skip("chunks", "the policy is no CausalLmPolicy, so its chunks cannot be changed from outside");
        CausalLmPolicy[] others =
        [
            policy.With(policy.Options with { RowsPerBatch = 1 }),
            policy.With(policy.Options with { RowsPerBatch = probe.Drawn.Count }),
        ];
        return Compare(
            probe,
            "chunks",
            others,
            "with RowsPerBatch 1 and with all rows in one pass",
            "log-probs change with padding: the module attends to later positions (no causal mask), or its position ids depend on the "
                + "rest of the batch",
            "log-probs change with the batch: batch normalisation, or rows share state"
        );
    }

    public static CheckResult Cache(PolicyProbe probe)
    {
        if (probe.Policy is not CausalLmPolicy { HasDecoder: true } policy)
            return CheckResult.Skip("cache", "the policy is no CausalLmPolicy with a module that implements ICachedDecoder");
        CausalLmPolicy[] others =
        [
            policy.With(policy.Options with { UseCache = true }),
            policy.With(policy.Options with { UseCache = false }),
            policy.WithoutDecoder(),
        ];
        return Compare(
            probe,
            "cache",
            others,
            "with the key-value cache, without it, and by the forward pass alone",
            "the cache is wrong: keys are stored at other positions than they are read, rows are mixed up by SelectRows, or padding of "
                + "shorter prompts is attended to",
            "LogitsAt of the module is not its forward pass"
        );
    }

    /// <summary>What the policy warns of when it encodes the prompts.</summary>
    public static CheckResult SpecialTokens(PolicyProbe probe)
    {
        const string Name = "prompts: special tokens";
        if (probe.Policy is not CausalLmPolicy policy)
            return CheckResult.Skip(Name, "the policy is no CausalLmPolicy, so it does not say how it encodes prompts");
        var heard = new ConcurrentQueue<string>();
        _ = policy.With(policy.Options with { Logger = HeardLog.Warnings(heard.Enqueue) }).Sample(probe.Prompts, 1, probe.Seed);
        return CheckResult.Of(
            Name,
            heard.Count,
            0,
            $"warnings of the policy about the prompts{string.Concat(heard.Select(warning => ": " + warning))}",
            "the prompts were rendered by a chat template and begin with BOS: set GenerationOptions.PromptsHaveSpecialTokens"
        );
    }

    /// <summary>One number for both: the worse of draws and log-probs, each relative to its tolerance.</summary>
    private static CheckResult Compare(PolicyProbe probe, string name, CausalLmPolicy[] others, string what, params string[] causes)
    {
        double changed = others.Max(other => PolicyProbe.Changed(probe.Drawn, probe.Sample(other, probe.Seed)));
        double difference = others.Max(other => PolicyProbe.Largest(probe.LogProbs, other.LogProbValues(probe.Drawn)));
        double worst = Math.Max(
            difference / probe.Options.Tolerance,
            changed <= probe.Options.DrawTolerance ? 0 : changed / Math.Max(probe.Options.DrawTolerance, 1e-9)
        );
        return CheckResult.Of(
            name,
            worst,
            1,
            FormattableString.Invariant(
                $"difference relative to the tolerance {what}: {changed:P1} of completions and log-probs by {difference:G3} nats"
            ),
            causes
        );
    }
}
