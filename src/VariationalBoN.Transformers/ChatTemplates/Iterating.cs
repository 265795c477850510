using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Length and iteration as in Python.</summary>
internal static class Iterating
{
    public static bool IsIterable(Value value) =>
        value
            is StringValue
                or SequenceValue
                or MappingValue
                or MappingViewValue
                or RangeValue
                or IteratorValue
                or UndefinedValue
                or LoopValue;

    /// <summary>What <c>len(x)</c> is, or null where it has none.</summary>
    public static BigInteger? LengthOrNull(Value value) =>
        value switch
        {
            StringValue text => text.Length,
            SequenceValue sequence => sequence.Items.Length,
            MappingValue mapping => mapping.Count,
            MappingViewValue view => view.Of.Count,
            RangeValue range => range.Count,
            UndefinedValue => 0,
            LoopValue loop => loop.Length,
            _ => null,
        };

    public static BigInteger Length(Value value) =>
        LengthOrNull(value) ?? throw TemplateFault.Type($"object of type '{value.TypeName}' has no len()");

    /// <summary>The items that a loop over the value sees, each counted as a step.</summary>
    public static IEnumerable<Value> Items(Value value, Work work, string what = "object")
    {
        IEnumerable<Value> items = value switch
        {
            SequenceValue sequence => sequence.Items,
            MappingValue mapping => mapping.Keys,
            MappingViewValue view => view.Items,
            StringValue text => CodePoints(text.WithMarkup(false)), // the characters of markup are plain
            RangeValue range => Numbers(range),
            IteratorValue iterator => Rest(iterator),
            UndefinedValue => [],
            _ => throw TemplateFault.Type(
                what == "argument" ? $"argument of type '{value.TypeName}' is not iterable" : $"'{value.TypeName}' object is not iterable"
            ),
        };
        return Counted(items, work);
    }

    /// <summary>All items as an array, within the bound of lists.</summary>
    public static Value[] ToArray(Value value, Work work)
    {
        if (LengthOrNull(value) is BigInteger length)
            work.CheckItems(length);
        var items = new List<Value>();
        foreach (Value item in Items(value, work))
        {
            if (items.Count >= work.Bounds.MaxItems)
                work.CheckItems(items.Count + 1);
            items.Add(item);
        }
        return [.. items];
    }

    /// <summary>What <c>reversed(x)</c> gives, or null for what cannot be read backwards.</summary>
    public static IEnumerable<Value>? Reversed(Value value, Work work) =>
        value switch
        {
            UndefinedValue => [],
            SequenceValue sequence => Counted(Backwards(sequence.Items, item => item), work),
            StringValue text => Counted(Backwards(ToArray(text, work), item => item), work),
            MappingValue mapping => Counted(Backwards(mapping.Entries, entry => entry.Key), work),
            MappingViewValue view => Counted(Backwards(view.Of.Entries, view.Item), work),
            RangeValue range => Counted(Numbers(range.Reversed()), work),
            _ => null,
        };

    private static IEnumerable<Value> Backwards<T>(IReadOnlyList<T> items, Func<T, Value> value)
    {
        for (int i = items.Count - 1; i >= 0; i--)
            yield return value(items[i]);
    }

    private static IEnumerable<Value> Counted(IEnumerable<Value> items, Work work)
    {
        foreach (Value item in items)
        {
            work.Step();
            yield return item;
        }
    }

    private static IEnumerable<Value> CodePoints(StringValue text)
    {
        for (int unit = 0; unit < text.Text.Length; )
        {
            int width = Characters.WidthAt(text.Text, unit);
            yield return text.Part(unit, width);
            unit += width;
        }
    }

    private static IEnumerable<Value> Numbers(RangeValue range)
    {
        for (BigInteger index = 0; index < range.Count; index++)
            yield return range.At(index);
    }

    private static IEnumerable<Value> Rest(IteratorValue iterator)
    {
        while (true)
        {
            Work.CheckStack(); // iterators may stand inside each other without end
            if (!iterator.Items.MoveNext())
                yield break;
            yield return iterator.Items.Current;
        }
    }
}
