namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Limits on the work and memory of one chat template, which is a program from someone else. Exceeding one is an error.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record ChatTemplateBounds
{
    /// <summary>
    /// Largest number of steps of the interpreter in one rendering: a statement,
    /// an operation, an item of a loop and four characters count one step each.
    /// </summary>
    /// <value>Default 10,000,000, about a second; at least 1.</value>
    public long MaxSteps { get; init; } = 10_000_000;

    /// <summary>Largest number of characters (UTF-16 units) of the template's source.</summary>
    /// <value>Default 250,000; 0 to 10,000,000. The longest templates of public models have some 30,000.</value>
    public int MaxSourceLength { get; init; } = 250_000;

    /// <summary>Largest number of characters (UTF-16 units) of the output and of any text on the way to it.</summary>
    /// <value>Default 16,777,216; 1 to 500,000,000.</value>
    public int MaxTextLength { get; init; } = 1 << 24;

    /// <summary>Largest number of items of a list that the template builds.</summary>
    /// <value>Default 1,000,000; 1 to 100,000,000.</value>
    public int MaxItems { get; init; } = 1_000_000;

    /// <summary>Largest number of integers of a <c>range</c>.</summary>
    /// <value>Default 100,000, as in the reference implementation; 0 to 100,000.</value>
    public int MaxRange { get; init; } = 100_000;

    /// <summary>Largest number of decimal digits of an integer.</summary>
    /// <value>Default 4,300, as in the reference implementation; 1 to 100,000.</value>
    public int MaxDigits { get; init; } = 4_300;

    /// <summary>Largest number of decimal digits of an integer power, which grows faster than anything else a template can write.</summary>
    /// <value>Default 100; 1 to 4,300.</value>
    public int MaxPowerDigits { get; init; } = 100;

    /// <summary>Largest depth of calls of macros, call blocks and recursive loops inside each other.</summary>
    /// <value>Default 200; 1 to 10,000. Less where the thread's stack is used up before.</value>
    public int MaxCallDepth { get; init; } = 200;

    /// <summary>Largest depth of nesting: of blocks and expressions in the source, of values that are given, compared or printed.</summary>
    /// <value>Default 200; 1 to 1,000.</value>
    public int MaxNesting { get; init; } = 200;

    /// <summary>Checks all bounds.</summary>
    /// <exception cref="ArgumentException">A bound is out of its range; the message names all that are.</exception>
    internal ChatTemplateBounds Validated()
    {
        var faults = new List<string>();
        Check(nameof(MaxSteps), MaxSteps, 1, long.MaxValue);
        Check(nameof(MaxSourceLength), MaxSourceLength, 0, 10_000_000);
        Check(nameof(MaxTextLength), MaxTextLength, 1, 500_000_000);
        Check(nameof(MaxItems), MaxItems, 1, 100_000_000);
        Check(nameof(MaxRange), MaxRange, 0, 100_000);
        Check(nameof(MaxDigits), MaxDigits, 1, 100_000);
        Check(nameof(MaxPowerDigits), MaxPowerDigits, 1, 4_300);
        Check(nameof(MaxCallDepth), MaxCallDepth, 1, 10_000);
        Check(nameof(MaxNesting), MaxNesting, 1, 1_000);
        return faults.Count == 0 ? this : throw new ArgumentException($"{nameof(ChatTemplateBounds)}: {string.Join("; ", faults)}.");

        void Check(string name, long value, long least, long most)
        {
            if (value < least || value > most)
                faults.Add($"{name} is {value}, must be {least} to {most}");
        }
    }
}
