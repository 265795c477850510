using System.Globalization;
using VariationalBoN.Extensions.AI.Internal;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>How many draws of one server have a token that a policy which truncates gives no probability, prompt by prompt, and whether
/// these are too many to be drawn again. Not thread-safe.</summary>
/// <remarks>
/// <para>Where a share s of the draws of a prompt does not come, the distribution of the others has a KL of -log(1 - s) per completion to
/// that of all. Of n draws, o outside, H_n - H_(n-o) = 1/(n-o+1) + ... + 1/n (H the harmonic numbers; Nelson and Aalen) estimates it: the
/// mean is the sum over k up to n of s^k / k, never above -log(1 - s), and it is finite when all are outside. Its variance is that of
/// 1/j^2 in place of 1/j. The mean over prompts counts, so that a few prompts with large shares are not hidden by many without.</para>
/// <para>Too many is what noise does not explain, with probabilities of false alarm near 1e-6: the mean less 4.75 standard errors is above
/// the limit; or, of a prompt or of all, o of n is more than a half by Chernoff's bound n (log 2 - H(o / n)), H the entropy.</para>
/// </remarks>
internal sealed class OutsideDraws
{
    private const double FalseAlarms = 1e-6,
        StandardErrors = 4.75; // of a normal, passed with that probability

    private readonly Dictionary<Prompt, Draws> _prompts = [];
    private Draws _all;
    private double _lost,
        _variance,
        _tokens; // sums over prompts: nats, their variance, mean tokens of a completion
    private Prompt? _halved; // the first of which more than a half is outside

    /// <summary>Counts a completion.</summary>
    public void Add(Completion completion, bool isOutside)
    {
        Draws before = _prompts.GetValueOrDefault(completion.Prompt),
            after = before.With(completion.Tokens.Length, isOutside);
        _prompts[completion.Prompt] = after;
        _all = _all.With(completion.Tokens.Length, isOutside);
        _lost += after.Lost(1) - before.Lost(1);
        _variance += after.Lost(2) - before.Lost(2);
        _tokens += after.MeanTokens - before.MeanTokens;
        if (isOutside && _halved is null && after.IsMostlyOutside)
            _halved = completion.Prompt;
    }

    /// <summary>Why these are too many; null when they are not.</summary>
    /// <param name="asked">The settings of the policy, for messages.</param>
    /// <param name="limit">The most nats a token.</param>
    public string? Fault(GenerationOptions asked, double limit)
    {
        double lost = _lost / _tokens,
            least = (_lost - (StandardErrors * Math.Sqrt(_variance))) / _tokens;
        string? rule =
            _halved is { } prompt ? $"of the prompt \"{ChatModel.Shorten(prompt.Canonical)}\" they are {_prompts[prompt]}, more than half"
            : _all.IsMostlyOutside ? "they are more than half"
            : least > limit
                ? $"this is {Number(least)} at least, beyond noise, and at most {Number(limit)} is accepted "
                    + $"({nameof(PoolSamplerOptions.MaxDrift)})"
            : null;
        return rule is null
            ? null
            : $"{_all} have a token that the copy gives no probability with {DrawSetting.Of(asked)}; without them the distribution changes "
                + $"by {Number(lost)} nats a token, the mean over {_prompts.Count} prompts, and {rule}: the server applies these settings "
                + "in another way, or not at all; or its logits are so much coarser that it leaves out other tokens, and then set a higher "
                + "top-k or top-p, or none";
    }

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Those of one prompt, or of all.</summary>
    internal readonly record struct Draws(int Outside, int Drawn, long Tokens)
    {
        public double MeanTokens => Drawn == 0 ? 0 : (double)Tokens / Drawn;

        public bool IsMostlyOutside
        {
            get
            {
                double share = (double)Outside / Drawn;
                return share > 0.5 && Drawn * (Term(share) + Term(1 - share)) > -Math.Log(FalseAlarms);

                static double Term(double part) => part == 0 ? 0 : part * Math.Log(2 * part);
            }
        }

        public Draws With(int tokens, bool isOutside) => new(Outside + (isOutside ? 1 : 0), Drawn + 1, Tokens + tokens);

        /// <summary>The estimate of -log(1 - s); with power 2 its variance.</summary>
        public double Lost(int power)
        {
            double sum = 0;
            for (int j = Drawn - Outside + 1; j <= Drawn; j++)
                sum += Math.Pow(j, -power);
            return sum;
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"{Outside} of {Drawn} ({100.0 * Outside / Drawn:0.#} %)");
    }
}
