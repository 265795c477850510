using System.Globalization;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Whether completions of a server are draws of a policy, and what its log-probabilities are. Stateless; as thread-safe as the
/// policy.</summary>
/// <remarks>
/// Two questions. Says the server the probabilities that the policy says? Over draws of the server the mean of log p_server - log p is
/// its KL to the policy a token. And are they draws of the policy? A server can say the right probabilities and draw by other settings:
/// under each of a few other settings the likelihood ratio to those asked for is formed, whose mean over right draws is 1, so that one of
/// n ratios passes n / alpha with probability alpha at most (Markov's inequality). Between the settings asked for and a server's own,
/// those few are likelier, too; which are the likeliest is looked for only then.
/// </remarks>
internal static class DriftCheck
{
    private const double FalseAlarms = 1e-6;
    private static readonly double[] s_temperatures = [0.25, 0.5, 0.7, 0.8, 0.85, 0.9, 1.1, 1.2, 1.5, 2],
        s_topP = [0.8, 0.9, 0.95];
    private static readonly int[] s_topK = [1, 10, 20, 40, 50];

    /// <summary>What is wrong, and which setting it is likely to be; null when nothing is.</summary>
    /// <param name="copy">The policy.</param>
    /// <param name="asked">Its settings, which the server was asked for.</param>
    /// <param name="drawn">Completions of one server.</param>
    /// <param name="limit">The most nats a token.</param>
    public static string? Fault(IPolicy copy, GenerationOptions asked, IReadOnlyList<ServedCompletion> drawn, double limit)
    {
        Completion[] completions = [.. drawn.Select(one => one.Completion)];
        double[] said = [.. drawn.Select(one => one.LogProbs.Sum())],
            here = copy.LogProbValues(completions);
        double tokens = completions.Sum(completion => (double)completion.Tokens.Length),
            own = Difference(here);
        var model = copy as CausalLmPolicy;
        if (!(Math.Abs(own) <= limit) && !IsOfTemperatureOne())
            return $"its log-probabilities are {Number(own)} nats a token off on average, and at most {Number(limit)} is taken; {Why()}";
        if (model is null)
            return null;
        Setting[] few = [.. Others(asked, [0.7, 0.85, 1.2], [50], [0.95])];
        if (few.Max(Ratio) <= Math.Log(few.Length / FalseAlarms))
            return null;
        (Setting likely, double ratio) = Others(asked, s_temperatures, s_topK, s_topP)
            .Select(setting => (setting, Ratio(setting)))
            .MaxBy(setting => setting.Item2);
        return $"they are exp({ratio.ToString("0", CultureInfo.InvariantCulture)}) times likelier with {likely.Name} "
            + $"{Number(likely.Value)} than with {Asked()}, so that the server draws with another {likely.Name}";

        double[] Under(GenerationOptions settings) => model!.With(settings).LogProbValues(completions);

        double Ratio(Setting setting) => Under(setting.Options).Sum() - here.Sum();

        double Difference(double[] values) => said.Zip(values, (server, value) => server - value).Sum() / tokens;

        double Distance(double[] values) => said.Zip(values, (server, value) => Math.Abs(server - value)).Sum() / tokens;

        // As vLLM says them, whatever the temperature.
        bool IsOfTemperatureOne() =>
            model is not null
            && asked is not { Temperature: 1, TopK: null, TopP: null }
            && Math.Abs(Difference(Under(asked with { Temperature = 1, TopK = null, TopP = null }))) <= limit;

        string Why()
        {
            Setting? nearest = model is null
                ? null
                : Others(asked, s_temperatures, s_topK, s_topP)
                    .Cast<Setting?>()
                    .FirstOrDefault(setting => Distance(Under(setting!.Value.Options)) <= limit);
            return nearest is { } other
                ? $"with {other.Name} {Number(other.Value)} they would be those of the copy: the server has another {other.Name}"
                : "no temperature, top-k or top-p explains it: the server has other weights (another model, adapter or quantisation), "
                    + "or ids mean other tokens there (another tokenizer)";
        }

        string Asked() =>
            $"temperature "
            + $"{Number(asked.Temperature)}{(asked.TopK is int k ? $", top-k {k}" : "")}{(asked.TopP is double p ? $", top-p {Number(p)}" : "")} as asked";
    }

    private static IEnumerable<Setting> Others(GenerationOptions asked, double[] temperatures, int[] topK, double[] topP) =>
        [
            .. temperatures.Select(factor => new Setting(
                "temperature",
                asked.Temperature * factor,
                asked with
                {
                    Temperature = asked.Temperature * factor,
                }
            )),
            .. topK.Where(k => k != asked.TopK).Select(k => new Setting("top-k", k, asked with { TopK = k })),
            .. topP.Where(p => p != asked.TopP).Select(p => new Setting("top-p", p, asked with { TopP = p })),
        ];

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private readonly record struct Setting(string Name, double Value, GenerationOptions Options);
}
