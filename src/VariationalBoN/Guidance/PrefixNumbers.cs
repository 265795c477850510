using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>The numbers of an <see cref="IPrefixReward"/> as a head reads them: scaled by mean and deviation over the prefixes of its
/// training, never of those that it is asked about, and kept within <see cref="Most"/> deviations: what training hardly saw may not drive
/// the head out of all it knows. Immutable, thread-safe as the source is.</summary>
internal sealed class PrefixNumbers(IPrefixReward source, PrefixScale scale)
{
    /// <summary>The most deviations from the mean that a head reads.</summary>
    public const double Most = 10;

    /// <summary>The source of the numbers.</summary>
    public IPrefixReward Source => source;

    /// <summary>Where they lie in training.</summary>
    public PrefixScale Scale => scale;

    /// <summary>Every prefix that a token follows, of some completions: none of its tokens, one, and so on.</summary>
    public static AnswerPrefix[] Prefixes(Completion completion)
    {
        int[] tokens = [.. completion.Tokens];
        return [.. tokens.Select((_, t) => new AnswerPrefix(completion.Prompt, new ArraySegment<int>(tokens, 0, t)))];
    }

    /// <summary>Reads numbers and finds where they lie.</summary>
    /// <param name="source">Their source.</param>
    /// <param name="completions">The completions of the training.</param>
    /// <param name="numbers">The numbers, scaled, [sum of lengths, Count].</param>
    /// <param name="cancellationToken">Stops between completions.</param>
    /// <exception cref="ArithmeticException">A number is not finite.</exception>
    public static PrefixNumbers Learn(
        IPrefixReward source,
        IReadOnlyList<Completion> completions,
        out float[] numbers,
        CancellationToken cancellationToken = default
    )
    {
        numbers =
        [
            .. completions.SelectMany(completion =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return Raw(source, Prefixes(completion));
            }),
        ];
        double[] mean = new double[source.Count],
            deviation = new double[source.Count];
        int rows = numbers.Length / source.Count;
        for (int column = 0; column < source.Count; column++)
        {
            double sum = 0,
                squares = 0;
            for (int row = 0; row < rows; row++)
                sum += numbers[(row * source.Count) + column];
            mean[column] = sum / rows;
            for (int row = 0; row < rows; row++)
                squares += Math.Pow(numbers[(row * source.Count) + column] - mean[column], 2);
            deviation[column] = squares > 0 ? Math.Sqrt(squares / rows) : 1; // a constant says nothing, as 0
        }

        var learned = new PrefixNumbers(source, new PrefixScale(source.Identity.ToJson(), mean, deviation));
        learned.Apply(numbers);
        return learned;
    }

    /// <summary>What the head reads at the ends of prefixes: hidden states [R, X] float32,
    /// and the numbers beside them, [R, X + Count].</summary>
    public static Tensor Beside(PrefixNumbers? numbers, Tensor hidden, Func<IReadOnlyList<AnswerPrefix>> prefixes)
    {
        if (numbers is null)
            return hidden;
        float[] values = Raw(numbers.Source, prefixes());
        numbers.Apply(values);
        return cat([hidden, tensor(values, [hidden.size(0), numbers.Source.Count], device: hidden.device)], 1);
    }

    private static float[] Raw(IPrefixReward source, IReadOnlyList<AnswerPrefix> prefixes)
    {
        float[] numbers = new float[prefixes.Count * source.Count];
        source.Read(prefixes, numbers);
        int bad = Array.FindIndex(numbers, number => !float.IsFinite(number));
        return bad < 0
            ? numbers
            : throw new ArithmeticException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"{source.Identity} gave {numbers[bad]} as number {bad % source.Count} of prompt "
                        + $"\"{prefixes[bad / source.Count].Prompt}\" after {prefixes[bad / source.Count].Tokens.Count} tokens; it must "
                        + $"be finite."
                )
            );
    }

    private void Apply(float[] numbers)
    {
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = (float)Math.Clamp((numbers[i] - scale.Mean[i % source.Count]) / scale.Deviation[i % source.Count], -Most, Most);
    }
}

/// <summary>Which numbers a head reads of prefixes, and where they lay in its training.</summary>
/// <param name="Identity">The identity of their source, as JSON.</param>
/// <param name="Mean">The mean of each.</param>
/// <param name="Deviation">The deviation of each, above 0.</param>
internal sealed record PrefixScale(string Identity, double[] Mean, double[] Deviation)
{
    /// <summary>Whether it can be one.</summary>
    public bool IsSound =>
        Identity is not null
        && Mean is { Length: >= 1 }
        && Deviation?.Length == Mean.Length
        && Mean.All(double.IsFinite)
        && Deviation.All(deviation => deviation > 0 && double.IsFinite(deviation));
}
