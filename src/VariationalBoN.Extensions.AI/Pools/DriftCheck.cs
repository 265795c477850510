using System.Globalization;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Whether completions of a server are draws of a policy, and what its log-probabilities are. Stateless; as thread-safe as the policy.</summary>
/// <remarks>
/// Two questions. Says the server the probabilities that the policy says? Over draws of the server the mean of log p_server - log p is its KL to the policy a
/// token. And are they draws of the policy? A server can say the right probabilities and draw by other settings: of each setting in a fixed list the
/// likelihood ratio to those asked for is formed, whose mean over right draws is 1, so that one of n ratios passes n / alpha with probability alpha at most
/// (Markov's inequality).
/// </remarks>
internal static class DriftCheck
{
    private const double FalseAlarms = 1e-6;
    private static readonly double[] s_temperatures = [0.25, 0.5, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 2];
    private static readonly int[] s_topK = [1, 10, 20, 40, 50];
    private static readonly double[] s_topP = [0.8, 0.9, 0.95];

    /// <summary>What is wrong, and which setting it is likely to be; null when nothing is.</summary>
    public static string? Fault(IPolicy copy, GenerationOptions asked, IReadOnlyList<ServedCompletion> drawn, double limit)
    {
        Completion[] completions = [.. drawn.Select(one => one.Completion)];
        double tokens = completions.Sum(completion => (double)completion.Tokens.Length);
        double[] said = [.. drawn.Select(one => one.LogProbs.Sum())], here = copy.LogProbValues(completions);
        double own = Difference(here);
        (string Name, double[] LogProbs)[] others = copy is CausalLmPolicy model
            ? [.. Settings(asked).Select(setting => (setting.Name, model.With(setting.Options).LogProbValues(completions)))] : [];
        bool isRaw = others.Any(other => other.Name == Raw && Math.Abs(Difference(other.LogProbs)) <= limit); // as vLLM says them, whatever the temperature

        if (!(Math.Abs(own) <= limit || isRaw))
        {
            var nearest = others.Where(other => other.Name != Raw).Select(other => (other.Name, Difference: Math.Abs(Difference(other.LogProbs)))).OrderBy(other => other.Difference).FirstOrDefault();
            string why = nearest.Name is not null && nearest.Difference <= limit ? $"with {nearest.Name} they would be those of the copy: the server has another {Setting(nearest.Name)}"
                : "no temperature, top-k or top-p explains it: the server has other weights (another model, adapter or quantisation), or ids mean other tokens there (another tokenizer)";
            return string.Create(CultureInfo.InvariantCulture, $"its log-probabilities are {own:+0.000;-0.000} nats a token off on average, and at most {limit} is taken; {why}");
        }

        var likely = others.Where(other => other.Name != Raw).Select(other => (other.Name, Ratio: other.LogProbs.Sum() - here.Sum())).OrderByDescending(other => other.Ratio).FirstOrDefault();
        if (likely.Name is not null && likely.Ratio > Math.Log(others.Length / FalseAlarms))
            return string.Create(CultureInfo.InvariantCulture, $"they are exp({likely.Ratio:0}) times likelier with {likely.Name} than with {Asked(asked)}, so that the server draws with another {Setting(likely.Name)}");
        return null;

        double Difference(double[] values) => said.Zip(values, (server, value) => double.IsNegativeInfinity(value) ? double.PositiveInfinity : server - value).Sum() / tokens;
    }

    private const string Raw = "raw";

    private static IEnumerable<(string Name, GenerationOptions Options)> Settings(GenerationOptions asked)
    {
        if (asked.Temperature != 1 || asked.TopK is not null || asked.TopP is not null)
            yield return (Raw, asked with { Temperature = 1, TopK = null, TopP = null });
        foreach (double factor in s_temperatures)
            yield return (string.Create(CultureInfo.InvariantCulture, $"temperature {asked.Temperature * factor:0.##}"), asked with { Temperature = asked.Temperature * factor });
        foreach (int k in s_topK.Where(k => k != asked.TopK))
            yield return ($"top-k {k}", asked with { TopK = k });
        foreach (double p in s_topP.Where(p => p != asked.TopP))
            yield return (string.Create(CultureInfo.InvariantCulture, $"top-p {p}"), asked with { TopP = p });
    }

    private static string Setting(string name) => name[..name.LastIndexOf(' ')];

    private static string Asked(GenerationOptions asked) => string.Create(CultureInfo.InvariantCulture,
        $"temperature {asked.Temperature}{(asked.TopK is int k ? $", top-k {k}" : "")}{(asked.TopP is double p ? $", top-p {p}" : "")} as asked");
}
