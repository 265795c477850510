using System.Collections.Immutable;

namespace VariationalBoN.Testing.Checks;

/// <summary>Checks of why completions end. Stateless.</summary>
internal static class PolicyFinishChecks
{
    private const string Name = "sample: finish reason";

    public static CheckResult FinishReasons(PolicyProbe probe)
    {
        GenerationOptions? own = (probe.Policy as CausalLmPolicy)?.Options;
        ImmutableArray<int>? stops = own?.StopTokens ?? probe.Options.StopTokens;
        if (probe.Drawn.All(completion => completion.Tokens.IsDefaultOrEmpty))
            return CheckResult.Skip(Name, "the completions have no tokens");
        int longest =
            own?.MaxNewTokens
            ?? probe
                .Drawn.Where(completion => completion.FinishReason == FinishReason.Length)
                .Select(completion => completion.Tokens.Length)
                .DefaultIfEmpty(int.MaxValue)
                .Max();
        string[] faults = [.. probe.Drawn.SelectMany(completion => Faults(completion, stops, longest)).Distinct()];
        int wrong = probe.Drawn.Count(completion => Faults(completion, stops, longest).Any());
        string known = stops is null ? "; stop tokens are not known, so lengths alone are checked (PolicyCheckOptions.StopTokens)" : "";
        return CheckResult.Of(
            Name,
            wrong / (double)probe.Drawn.Count,
            0,
            $"share of completions whose finish reason does not fit their tokens{known}",
            faults
        );
    }

    private static IEnumerable<string> Faults(Completion completion, ImmutableArray<int>? stops, int longest)
    {
        ImmutableArray<int> tokens = completion.Tokens;
        bool stopped = completion.FinishReason == FinishReason.Stopped;
        if (tokens.Length > longest)
            yield return $"a completion is longer than {longest} tokens, at which others are cut: padding was left in Completion.Tokens, "
                + $"or the maximum length is not the same for all";
        if (stops is not { Length: > 0 } known)
            yield break;
        if (tokens.Length > 1 && tokens[..^1].Any(token => known.Contains(token)))
            yield return "tokens follow a stop token: padding or text after the end was left in Completion.Tokens";
        bool endsInStop = tokens.Length > 0 && known.Contains(tokens[^1]);
        if (stopped && !endsInStop)
            yield return "a completion is Stopped but does not end in a stop token: the stop token was cut off, so LogProb leaves out its "
                + "probability, or the finish reason should be Length";
        if (!stopped && endsInStop)
            yield return "a completion ends in a stop token but its finish reason is Length: it would be treated as truncated";
    }
}
