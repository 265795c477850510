namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A chain of comparisons; each operand is evaluated once, and only as far as needed.</summary>
internal sealed class ComparisonExpression : Expression
{
    public required Expression First { get; init; }

    public required (string Symbol, Expression Operand)[] Rest { get; init; }

    public override IEnumerable<Node> Children => [First, .. Rest.Select(part => part.Operand)];

    protected override Value Compute(Rendering rendering)
    {
        Value left = First.Evaluate(rendering);
        foreach ((string symbol, Expression operand) in Rest)
        {
            Value right = operand.Evaluate(rendering);
            rendering.Work.Step();
            rendering.Line = Line;
            if (!Holds(symbol, left, right, rendering.Work))
                return BooleanValue.Of(false);
            left = right;
        }
        return BooleanValue.Of(true);
    }

    public static bool Holds(string symbol, Value left, Value right, Work work) =>
        symbol switch
        {
            "==" => Comparing.Equal(left, right, work),
            "!=" => !Comparing.Equal(left, right, work),
            "<" => Comparing.Less(left, right, orEqual: false, work),
            "<=" => Comparing.Less(left, right, orEqual: true, work),
            ">" => Comparing.Less(right, left, orEqual: false, work),
            ">=" => Comparing.Less(right, left, orEqual: true, work),
            "in" => Comparing.Contains(right, left, work),
            _ => !Comparing.Contains(right, left, work),
        };
}

/// <summary>An attribute after a dot.</summary>
internal sealed class AttributeExpression : Expression
{
    public required Expression Of { get; init; }

    public required string Name { get; init; }

    public override IEnumerable<Node> Children => [Of];

    protected override Value Compute(Rendering rendering)
    {
        Value of = Of.Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        return Indexing.Attribute(of, Name, rendering.Work);
    }
}

/// <summary>A subscript.</summary>
internal sealed class ItemExpression : Expression
{
    public required Expression Of { get; init; }

    public required Expression Key { get; init; }

    public override IEnumerable<Node> Children => [Of, Key];

    protected override Value Compute(Rendering rendering)
    {
        Value of = Of.Evaluate(rendering);
        Value key = Key.Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        return Indexing.Item(of, key, rendering.Work);
    }
}

/// <summary>A slice inside a subscript.</summary>
internal sealed class SliceExpression : Expression
{
    public required Expression Of { get; init; }

    public Expression? Start { get; init; }

    public Expression? Stop { get; init; }

    public Expression? Step { get; init; }

    /// <summary>True where a constant is printed: there a slice of the wrong type is undefined instead of an error.</summary>
    public bool IsLenient { get; set; }

    public override IEnumerable<Node> Children => ((Node?[])[Of, Start, Stop, Step]).OfType<Node>();

    protected override Value Compute(Rendering rendering)
    {
        Value of = Of.Evaluate(rendering);
        (Value? start, Value? stop, Value? step) = (Start?.Evaluate(rendering), Stop?.Evaluate(rendering), Step?.Evaluate(rendering));
        rendering.Work.Step();
        rendering.Line = Line;
        try
        {
            return Indexing.Slice(of, start, stop, step, rendering.Work);
        }
        catch (TemplateFault fault) when (IsLenient && fault.Kind == FaultKind.Type)
        {
            return new UndefinedValue(fault.Message);
        }
    }
}
