using System.Globalization;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Whether completions of a server are draws of a policy, and what its log-probabilities are.
/// Stateless; as thread-safe as the policy.</summary>
/// <remarks>
/// Two questions. Says the server the probabilities that the policy says? Over draws of the server the mean of log p_server - log p is
/// its KL to the policy a token. And are they draws of the policy? A server can say the right probabilities and draw by other settings:
/// under each of a few other settings the likelihood ratio to those asked for is formed, whose mean over right draws is 1, so that one of
/// n ratios passes n / alpha with probability alpha at most (Markov's inequality). Between the settings asked for and a server's own,
/// those few, or what is between them and those asked for (<see cref="CopyLogProbs.LogRatio"/>), are likelier, too; which are the likeliest
/// is looked for only then.
/// A policy that truncates (top-k, top-p) gives some draws of a server that rounds otherwise no probability; they are drawn again
/// (<see cref="SupportedDraws"/>), which changes the distribution: too many are refused before anything else is asked
/// (<see cref="OutsideDraws"/>).
/// </remarks>
internal static class DriftCheck
{
    private const double FalseAlarms = 1e-6;

    /// <summary>What is wrong, and which setting it is likely to be; null when nothing is.</summary>
    /// <param name="copy">The policy.</param>
    /// <param name="asked">Its settings, which the server was asked for.</param>
    /// <param name="drawn">Completions of one server.</param>
    /// <param name="here">What the policy says of them.</param>
    /// <param name="limit">The most nats a token.</param>
    public static string? Fault(
        IPolicy copy,
        GenerationOptions asked,
        IReadOnlyList<ServedCompletion> drawn,
        CopyLogProbs here,
        double limit
    )
    {
        Completion[] completions = [.. drawn.Select(one => one.Completion)];
        double[][] said = [.. drawn.Select(one => one.LogProbs)];
        var model = copy as CausalLmPolicy;
        var outside = new OutsideDraws();
        foreach ((Completion completion, double value) in completions.Zip(here.Sums))
            outside.Add(completion, double.IsNegativeInfinity(value));
        if (outside.Fault(asked, limit) is string tooMany)
            return tooMany;
        double own = here.Difference(said);
        if (double.IsNaN(own))
            return "it tells no log-probabilities that can be compared with those of the copy: for no completion does it give them for all "
                + "tokens, and the copy gives none for single tokens (ITokenPolicy), or its ids do not decode to a text";
        if (!(Math.Abs(own) <= limit) && !IsOfTemperatureOne())
            return $"its log-probabilities are {Number(own)} nats a token off on average, and the limit is {Number(limit)}; {Why()}";
        if (model is null)
            return null;
        DrawSetting[] few = [.. DrawSetting.Few(asked)];
        if (few.Max(Ratio) <= Math.Log(few.Length / FalseAlarms))
            return null;
        (DrawSetting likely, double ratio) = DrawSetting
            .Many(asked)
            .Select(setting => (setting, Ratio(setting)))
            .MaxBy(setting => setting.Item2);
        return $"its completions are exp({ratio.ToString("0", CultureInfo.InvariantCulture)}) times likelier with {likely} than with "
            + $"{DrawSetting.Of(asked)} as asked, so that the server draws with another {likely.Name}";

        CopyLogProbs Under(GenerationOptions settings) => CopyLogProbs.Of(model!.With(settings), completions);

        double Ratio(DrawSetting setting) => Under(setting.Options).LogRatio(here);

        // As vLLM says them, whatever the temperature.
        bool IsOfTemperatureOne() =>
            model is not null
            && asked is not { Temperature: 1, TopK: null, TopP: null }
            && Math.Abs(Under(asked with { Temperature = 1, TopK = null, TopP = null }).Difference(said)) <= limit;

        string Why()
        {
            if (model is null && asked is not { Temperature: 1, TopK: null, TopP: null })
                return "servers give log-probabilities of temperature 1 without truncation, and a copy that is no "
                    + $"{nameof(CausalLmPolicy)} cannot compute these, so that the weights cannot be compared: give a "
                    + $"{nameof(CausalLmPolicy)} as {nameof(PoolSamplerOptions.LocalCopy)}, or start the server so that it gives those "
                    + "of the distribution it draws from (vLLM: --logprobs-mode processed_logprobs)";
            DrawSetting? nearest = model is null
                ? null
                : DrawSetting
                    .Many(asked)
                    .Cast<DrawSetting?>()
                    .FirstOrDefault(setting => Under(setting!.Value.Options).Distance(said) <= limit);
            return nearest is { } other
                ? $"with {other} they would agree with those of the copy: the server has another {other.Name}"
                : "no temperature, top-k or top-p explains it: the server has other weights (another model, adapter or quantisation), "
                    + "or another tokenizer, in which the ids mean other tokens";
        }
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
