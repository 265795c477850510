using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace VariationalBoN.Transformers.Lora;

/// <summary>Which layers get low-rank adapters and of which size, read and written as PEFT's <c>adapter_config.json</c>.</summary>
/// <remarks>
/// Source: Hu et al., "LoRA" (2021): a frozen weight W becomes W + (alpha / r) B A with B [out, r] and A [r, in]. Names of layers are those
/// of transformers' causal language model, such as <c>transformer.h.0.attn.c_attn</c> and <c>model.layers.0.self_attn.q_proj</c>.
/// Immutable, so safe to share between threads.
/// </remarks>
public sealed partial record LoraOptions
{
    /// <summary>The value of <see cref="TargetPattern"/> for every linear layer except the output layer.</summary>
    public const string AllLinear = "all-linear";

    private static readonly TimeSpan PatternTime = TimeSpan.FromSeconds(1);

    /// <summary>r, the rank of the adapters (<c>r</c>), at least 1.</summary>
    /// <value>Default 8.</value>
    public int Rank { get; init; } = 8;

    /// <summary>alpha (<c>lora_alpha</c>), above 0: what the adapter adds is multiplied by alpha / r.</summary>
    /// <value>Default 8.</value>
    public double Alpha { get; init; } = 8;

    /// <summary>Whether the factor is alpha / sqrt(r) instead (<c>use_rslora</c>).</summary>
    /// <value>Default false.</value>
    public bool RankStabilized { get; init; }

    /// <summary>The layers by the ends of their names, such as <c>c_attn</c> or
    /// <c>self_attn.q_proj</c> (<c>target_modules</c> as a list).</summary>
    /// <value>Default none.</value>
    public ImmutableArray<string> TargetModules { get; init; } = [];

    /// <summary>
    /// The layers by a regular expression for their whole names, or <see cref="AllLinear"/> (<c>target_modules</c> as a text).
    /// </summary>
    /// <value>Default null: <see cref="TargetModules"/> names them, and if that is empty, they are all linear layers.</value>
    public string? TargetPattern { get; init; }

    /// <summary>Other ranks: a regular expression for the end of a layer's name, and its r;
    /// the first that fits counts (<c>rank_pattern</c>).</summary>
    /// <value>Default none.</value>
    public ImmutableArray<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>Other alphas: a regular expression for the end of a layer's name, and its alpha;
    /// the first that fits counts (<c>alpha_pattern</c>).</summary>
    /// <value>Default none.</value>
    public ImmutableArray<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Where the base model is to be found (<c>base_model_name_or_path</c>): a note for other tools, not read here.</summary>
    /// <value>Default null: no note.</value>
    public string? BaseModel { get; init; }

    /// <summary>Whether a linear layer gets an adapter.</summary>
    internal bool Chooses(string layer) => IsForAllLinear || Names(layer);

    /// <summary>Whether targets that are names or an expression mean a module.</summary>
    internal bool Names(string module) =>
        TargetPattern is not null && !IsForAllLinear
            ? Regex.IsMatch(module, $@"\A(?:{TargetPattern})\z", RegexOptions.CultureInvariant, PatternTime)
            : TargetModules.Any(target => module == target || module.EndsWith($".{target}", StringComparison.Ordinal));

    /// <summary>Rank of a layer and the factor of what its adapter adds.</summary>
    internal (int Rank, double Scale) For(string layer)
    {
        int rank = First(RankPattern, layer) ?? Rank;
        double alpha = First(AlphaPattern, layer) ?? Alpha;
        return (rank, alpha / (RankStabilized ? Math.Sqrt(rank) : rank));
    }

    /// <summary>Throws one exception that names every fault.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        foreach ((string key, int rank) in RankPattern.Prepend(new("r", Rank)))
        {
            if (rank < 1)
                faults.Add($"the rank {key} is {rank}, it must be at least 1");
        }

        foreach ((string key, double alpha) in AlphaPattern.Prepend(new("lora_alpha", Alpha)))
        {
            if (!(alpha > 0 && double.IsFinite(alpha)))
                faults.Add($"the alpha {key} is {alpha}, it must be above 0");
        }

        if (TargetPattern is not null && TargetModules.Length > 0)
            faults.Add("TargetModules and TargetPattern are both given; use one");
        if (TargetModules.Any(string.IsNullOrEmpty) || TargetPattern is "")
            faults.Add("a target is empty");
        foreach (
            string pattern in RankPattern.Select(pair => pair.Key).Concat(AlphaPattern.Select(pair => pair.Key)).Append(TargetPattern ?? "")
        )
        {
            if (!IsExpression(pattern))
                faults.Add($"'{pattern}' is no regular expression");
        }

        if (faults.Count > 0)
            throw new ArgumentException($"The LoRA options are faulty: {string.Join("; ", faults)}.");
    }

    private bool IsForAllLinear => TargetPattern == AllLinear || (TargetPattern is null && TargetModules.Length == 0);

    private static T? First<T>(ImmutableArray<KeyValuePair<string, T>> patterns, string layer)
        where T : struct
    {
        foreach ((string pattern, T value) in patterns)
        {
            if (Regex.IsMatch(layer, $@"\A(?:.*\.)?(?:{pattern})\z", RegexOptions.CultureInvariant, PatternTime))
                return value;
        }

        return null;
    }

    private static bool IsExpression(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant, PatternTime);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
