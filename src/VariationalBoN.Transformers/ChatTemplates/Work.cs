using System.Numerics;
using System.Runtime.CompilerServices;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Counts the work of one rendering and refuses what exceeds the bounds.</summary>
internal sealed class Work(ChatTemplateBounds bounds)
{
    private const int CharactersPerStep = 4;
    private long steps = bounds.MaxSteps;
    private int owed;
    private BigInteger? tooLong;

    public ChatTemplateBounds Bounds { get; } = bounds;

    /// <summary>One step of the interpreter.</summary>
    public void Step()
    {
        if (--steps < 0)
            throw OutOfSteps();
    }

    /// <summary>Work in proportion to a number of characters or items.</summary>
    public void Charge(int amount)
    {
        owed += amount;
        if (owed < CharactersPerStep)
            return;
        steps -= owed / CharactersPerStep;
        owed %= CharactersPerStep;
        if (steps < 0)
            throw OutOfSteps();
    }

    /// <summary>Work of a product, a quotient or a conversion of integers.</summary>
    public void ChargeProduct(BigInteger a, BigInteger b)
    {
        long words = (a.GetBitLength() >> 5) * (b.GetBitLength() >> 5);
        if (words > 32)
            Charge((int)Math.Min(words / 4, int.MaxValue / 2));
    }

    /// <summary>Refuses a text of more than <see cref="ChatTemplateBounds.MaxTextLength"/> characters before it is built.</summary>
    public void CheckText(long length)
    {
        if (length > Bounds.MaxTextLength)
            throw Exceeded(nameof(ChatTemplateBounds.MaxTextLength), $"a text of {length} characters", Bounds.MaxTextLength);
    }

    /// <summary>Refuses a list of more than <see cref="ChatTemplateBounds.MaxItems"/> items before it is built.</summary>
    public void CheckItems(BigInteger count)
    {
        if (count > Bounds.MaxItems)
            throw Exceeded(nameof(ChatTemplateBounds.MaxItems), $"a list of {count} items", Bounds.MaxItems);
        Charge((int)count);
    }

    /// <summary>Refuses to go deeper into a value than <see cref="ChatTemplateBounds.MaxNesting"/>.</summary>
    public void CheckDepth(int depth)
    {
        if (depth > Bounds.MaxNesting)
            throw Exceeded(nameof(ChatTemplateBounds.MaxNesting), $"a value nested {depth} deep", Bounds.MaxNesting);
        CheckStack();
        Step();
    }

    /// <summary>Refuses an integer of more than <see cref="ChatTemplateBounds.MaxDigits"/> decimal digits.</summary>
    public BigInteger CheckDigits(BigInteger number)
    {
        long bits = number.GetBitLength();
        double most = Bounds.MaxDigits * Math.Log2(10);
        // numbers of the longest length in bits may have a digit too many or not
        if (bits > Math.Ceiling(most) || (bits > most && BigInteger.Abs(number) >= (tooLong ??= BigInteger.Pow(10, Bounds.MaxDigits))))
            throw Exceeded(nameof(ChatTemplateBounds.MaxDigits), "an integer", Bounds.MaxDigits, " digits");
        return number;
    }

    /// <summary>Refuses to go on where little is left of the thread's stack: an overflow would end the process.</summary>
    public static void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateFault(
                FaultKind.Bound,
                $"the thread's stack is used up before {nameof(ChatTemplateBounds)}.{nameof(ChatTemplateBounds.MaxNesting)} or "
                    + $"{nameof(ChatTemplateBounds.MaxCallDepth)} is reached; render on a thread with a larger stack"
            );
    }

    public static TemplateFault Exceeded(string bound, string what, long limit, string unit = "") =>
        new(FaultKind.Bound, $"{what} exceeds {nameof(ChatTemplateBounds)}.{bound} = {limit}{unit}");

    private TemplateFault OutOfSteps() => Exceeded(nameof(ChatTemplateBounds.MaxSteps), "the work of this rendering", Bounds.MaxSteps);
}
