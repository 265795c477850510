using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The variable <c>loop</c>; it looks at most one item ahead, unless its length is asked for and unknown.</summary>
internal sealed class LoopValue(Value of, IEnumerable<Value> items, int depth0, Func<Value, int, Value>? recurse) : CallableValue
{
    private IEnumerator<Value> source = items.GetEnumerator();
    private BigInteger? length = Iterating.LengthOrNull(of);
    private Value? before;
    private Value? current;
    private Value? after;
    private Value[]? lastChanged;

    public int Index0 { get; private set; } = -1;

    public BigInteger Length => length ??= ReadRest();

    public override string TypeName => "LoopContext";

    public bool MoveNext(out Value item)
    {
        Value? next = Peek();
        after = null;
        item = next!;
        if (next is null)
            return false;
        Index0++;
        (before, current) = (current, next);
        return true;
    }

    public Value? Attribute(string name) =>
        name switch
        {
            "index" => IntegerValue.Of(Index0 + 1),
            "index0" => IntegerValue.Of(Index0),
            "revindex" => IntegerValue.Of(Length - Index0),
            "revindex0" => IntegerValue.Of(Length - Index0 - 1),
            "first" => BooleanValue.Of(Index0 == 0),
            "last" => BooleanValue.Of(Peek() is null),
            "length" => IntegerValue.Of(Length),
            "depth" => IntegerValue.Of(depth0 + 1),
            "depth0" => IntegerValue.Of(depth0),
            "previtem" => Index0 == 0 || before is null ? new UndefinedValue("there is no previous item") : before,
            "nextitem" => Peek() ?? new UndefinedValue("there is no next item"),
            "cycle" or "changed" => new MethodValue(this, name),
            _ => null,
        };

    public Value CallMethod(string name, Arguments arguments, Work work)
    {
        if (arguments.Named.Count > 0)
            throw TemplateFault.Type($"loop.{name}() takes no keyword arguments");
        if (name == "cycle")
        {
            return arguments.Positional.Count > 0
                ? arguments.Positional[Index0 % arguments.Positional.Count]
                : throw TemplateFault.Type("no items for cycling given");
        }
        Value[] values = [.. arguments.Positional];
        if (lastChanged is not null && Comparing.Equal(new TupleValue(lastChanged), new TupleValue(values), work))
            return BooleanValue.Of(false);
        lastChanged = values;
        return BooleanValue.Of(true);
    }

    public override Value Call(Rendering rendering, Arguments arguments)
    {
        Value over = arguments.Bind("loop()", "iterable!")[0]!;
        return recurse is null
            ? throw TemplateFault.Type("the loop must have the 'recursive' marker to be called")
            : recurse(over, depth0 + 1);
    }

    private Value? Peek() => after ??= source.MoveNext() ? source.Current : null;

    private int ReadRest()
    {
        var rest = new List<Value>();
        while (source.MoveNext())
            rest.Add(source.Current);
        source = rest.GetEnumerator();
        return rest.Count + Index0 + 1 + (after is null ? 0 : 1);
    }
}
