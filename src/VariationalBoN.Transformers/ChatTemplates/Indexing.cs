using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Subscripts, slices and attributes, as the sandbox allows them.</summary>
internal static class Indexing
{
    /// <summary>What <c>x.name</c> is: an attribute before an entry; undefined where there is neither.</summary>
    public static Value Attribute(Value of, string name, Work work)
    {
        if (of is UndefinedValue undefined)
            return Attributes.Find(of, name) ?? throw undefined.Fault();
        return Attributes.Find(of, name) ?? Entry(of, new StringValue(name), work) ?? UndefinedValue.Member(of, name);
    }

    /// <summary>What <c>x[key]</c> is: an entry before an attribute; undefined where there is neither.</summary>
    public static Value Item(Value of, Value key, Work work)
    {
        if (of is UndefinedValue undefined)
            throw undefined.Fault();
        if (Entry(of, key, work) is Value entry)
            return entry;
        string name = key is StringValue text ? text.Text : key.TypeName;
        return (key is StringValue ? Attributes.Find(of, name) : null) ?? UndefinedValue.Member(of, name);
    }

    /// <summary>What <c>x[start:stop:step]</c> is.</summary>
    public static Value Slice(Value of, Value? start, Value? stop, Value? step, Work work)
    {
        if (of is UndefinedValue undefined)
            throw undefined.Fault();
        if (of is not (StringValue or SequenceValue or RangeValue))
            throw TemplateFault.Type($"'{of.TypeName}' object cannot be sliced");
        BigInteger by = Bound(step) ?? 1;
        BigInteger length = Iterating.Length(of);
        if (by.IsZero)
            throw TemplateFault.Value("slice step cannot be zero");
        BigInteger least = by > 0 ? 0 : -1,
            most = by > 0 ? length : length - 1;
        BigInteger from =
            Bound(start) is BigInteger first ? Place(first)
            : by > 0 ? 0
            : length - 1;
        BigInteger to =
            Bound(stop) is BigInteger last ? Place(last)
            : by > 0 ? length
            : -1;
        var places = new RangeValue(from, to, by);
        return of switch
        {
            StringValue text => Picked(text, places, work),
            ListValue list => new ListValue(Items(list.Items, places, work)),
            TupleValue tuple => new TupleValue(Items(tuple.Items, places, work)),
            _ => Range((RangeValue)of, from, to, by),
        };

        BigInteger Place(BigInteger index) => BigInteger.Min(most, BigInteger.Max(least, index < 0 ? index + length : index));
    }

    private static Value? Entry(Value of, Value key, Work work)
    {
        switch (of)
        {
            case MappingValue mapping:
                return FindKey(mapping, key, work);
            case StringValue or SequenceValue or RangeValue when Numbers.IsInteger(key):
                BigInteger index = Numbers.Integer(key),
                    length = Iterating.Length(of);
                index = index < 0 ? index + length : index;
                return index < 0 || index >= length ? null : At(of, index, work);
            default:
                return null;
        }
    }

    private static Value? FindKey(MappingValue mapping, Value key, Work work)
    {
        try
        {
            Comparing.CheckKey(key, work);
            return mapping.Find(key);
        }
        catch (TemplateFault fault) when (fault.Kind == FaultKind.Type)
        {
            return null; // what cannot be a key is none
        }
    }

    private static Value At(Value of, BigInteger index, Work work)
    {
        switch (of)
        {
            case SequenceValue sequence:
                return sequence.Items[(int)index];
            case RangeValue range:
                return range.At(index);
            default:
                var text = (StringValue)of;
                if (text.IsWide)
                    work.Charge(text.Text.Length);
                int unit = text.UnitOf((int)index);
                return text.Part(unit, Characters.WidthAt(text.Text, unit));
        }
    }

    private static BigInteger? Bound(Value? value) =>
        value switch
        {
            null or NoneValue => null,
            UndefinedValue undefined => throw TemplateFault.Type($"slice indices must be integers or None: {undefined.Fault().Message}"),
            _ when Numbers.IsInteger(value) => Numbers.Integer(value),
            _ => throw TemplateFault.Type("slice indices must be integers or None or have an __index__ method"),
        };

    private static StringValue Picked(StringValue text, RangeValue places, Work work)
    {
        if (text.IsWide)
            work.Charge(text.Text.Length);
        if (places.Count.IsZero)
            return text.IsMarkup ? new StringValue("", isMarkup: true) : StringValue.Empty;
        if (places.Step.IsOne)
        {
            int start = text.UnitOf((int)places.Start);
            int end = text.UnitOf((int)(places.Start + places.Count));
            work.Charge(end - start);
            return text.Part(start, end - start);
        }
        Value[] characters = Iterating.ToArray(text, work);
        var picked = new TextBuilder(work);
        for (BigInteger i = 0; i < places.Count; i++)
            picked.Add((StringValue)characters[(int)(places.Start + (i * places.Step))]);
        return picked.Build(text.IsMarkup);
    }

    private static Value[] Items(Value[] items, RangeValue places, Work work)
    {
        work.CheckItems(places.Count);
        var picked = new Value[(int)places.Count];
        for (int i = 0; i < picked.Length; i++)
            picked[i] = items[(int)(places.Start + (i * places.Step))];
        return picked;
    }

    private static RangeValue Range(RangeValue of, BigInteger from, BigInteger to, BigInteger by) =>
        new(of.Start + (from * of.Step), of.Start + (to * of.Step), of.Step * by);
}
