using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A list or a tuple.</summary>
internal abstract class SequenceValue(Value[] items) : Value
{
    public Value[] Items { get; } = items;

    public override bool Truth => Items.Length > 0;
}

/// <summary>A list. Templates cannot change it: the sandbox refuses.</summary>
internal sealed class ListValue(params Value[] items) : SequenceValue(items)
{
    public override string TypeName => "list";
}

/// <summary>A tuple; those of <c>groupby</c> name their two parts.</summary>
internal sealed class TupleValue(params Value[] items) : SequenceValue(items)
{
    public override string TypeName => IsGroup ? "_GroupTuple" : "tuple";

    public bool IsGroup { get; init; }
}

/// <summary>A range of integers.</summary>
internal sealed class RangeValue(BigInteger start, BigInteger stop, BigInteger step) : Value
{
    public BigInteger Start { get; } = start;

    public BigInteger Stop { get; } = stop;

    public BigInteger Step { get; } = step;

    public BigInteger Count { get; } =
        step > 0 ? BigInteger.Max(0, (stop - start + step - 1) / step) : BigInteger.Max(0, (start - stop - step - 1) / -step);

    public override string TypeName => "range";

    public override bool Truth => !Count.IsZero;

    public RangeValue Reversed() => new(Start + ((Count - 1) * Step), Start - Step, -Step);

    public Value At(BigInteger index) => IntegerValue.Of(Start + (index * Step));
}

/// <summary>What <c>map</c>, <c>select</c> and their like return: it is read once, from front to back, and has no length.</summary>
internal sealed class IteratorValue(string typeName, IEnumerable<Value> items) : Value
{
    public override string TypeName { get; } = typeName;

    public IEnumerator<Value> Items { get; } = items.GetEnumerator();
}
