using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Equality and hash of keys as in Python: 1, 1.0 and True are one key. Keys were checked by <see cref="Comparing.CheckKey"/>.
/// </summary>
internal sealed class KeyComparer : IEqualityComparer<Value>
{
    public static KeyComparer Instance { get; } = new();

    public bool Equals(Value? x, Value? y) =>
        (x, y) switch
        {
            (StringValue a, StringValue b) => a.Text == b.Text,
            (StringValue, _) or (_, StringValue) => false,
            (NoneValue, NoneValue) or (UndefinedValue, UndefinedValue) => true,
            (TupleValue a, TupleValue b) => SameItems(a, b),
            (RangeValue a, RangeValue b) => Comparing.SameRange(a, b),
            _ => ReferenceEquals(x, y) || (Numbers.IsNumber(x!) && Numbers.IsNumber(y!) && Numbers.Compare(x!, y!) == 0),
        };

    public int GetHashCode(Value value) =>
        value switch
        {
            StringValue text => text.Text.GetHashCode(StringComparison.Ordinal),
            IntegerValue or BooleanValue => Numbers.Integer(value).GetHashCode(),
            FloatValue number => double.IsInteger(number.Number)
                ? new BigInteger(number.Number).GetHashCode()
                : number.Number.GetHashCode(),
            NoneValue => 1,
            UndefinedValue => 2,
            TupleValue tuple => HashOf(tuple),
            RangeValue range => range.Count.GetHashCode(),
            _ => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value),
        };

    private bool SameItems(TupleValue a, TupleValue b)
    {
        Work.CheckStack();
        return a.Items.SequenceEqual(b.Items, this);
    }

    private int HashOf(TupleValue tuple)
    {
        Work.CheckStack();
        return tuple.Items.Aggregate(3, (hash, item) => HashCode.Combine(hash, GetHashCode(item)));
    }
}
