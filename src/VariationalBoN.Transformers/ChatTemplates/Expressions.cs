namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A literal, or text between tags.</summary>
internal sealed class LiteralExpression : Expression
{
    public required Value Value { get; init; }

    public override IEnumerable<Node> Children => [];

    protected override Value Compute(Rendering rendering) => Value;
}

/// <summary>What a name does where it stands.</summary>
internal enum NameUse
{
    Load,
    Store,
    Parameter,
}

/// <summary>A variable.</summary>
internal sealed class NameExpression : Expression
{
    public required string Name { get; init; }

    public NameUse Use { get; set; }

    public Slot Slot { get; set; }

    public override bool IsConstant => false;

    public override IEnumerable<Node> Children => [];

    protected override Value Compute(Rendering rendering) => Slot.Get(rendering.Frame) ?? UndefinedValue.Name(Name);
}

/// <summary>An attribute of a namespace as the target of <c>set</c>.</summary>
internal sealed class NamespaceTarget : Expression
{
    public required string Name { get; init; }

    public required string Attribute { get; init; }

    public Slot Slot { get; set; }

    public override bool IsConstant => false;

    public override IEnumerable<Node> Children => [];

    protected override Value Compute(Rendering rendering) => Slot.Get(rendering.Frame) ?? UndefinedValue.Name(Name);
}

/// <summary>A list or tuple that is written out.</summary>
internal sealed class SequenceExpression : Expression
{
    public required Expression[] Items { get; init; }

    public required bool IsTuple { get; init; }

    public override IEnumerable<Node> Children => Items;

    protected override Value Compute(Rendering rendering)
    {
        rendering.Work.CheckItems(Items.Length);
        var items = new Value[Items.Length];
        for (int i = 0; i < items.Length; i++)
            items[i] = Items[i].Evaluate(rendering);
        return IsTuple ? new TupleValue(items) : new ListValue(items);
    }
}

/// <summary>A mapping that is written out.</summary>
internal sealed class MappingExpression : Expression
{
    public required (Expression Key, Expression Value)[] Entries { get; init; }

    public override IEnumerable<Node> Children => Entries.SelectMany(entry => (Node[])[entry.Key, entry.Value]);

    protected override Value Compute(Rendering rendering)
    {
        rendering.Work.CheckItems(Entries.Length);
        var mapping = new MappingValue(Entries.Length);
        foreach ((Expression keyOf, Expression valueOf) in Entries)
        {
            Value key = keyOf.Evaluate(rendering);
            Comparing.CheckKey(key, rendering.Work);
            mapping.Set(key, valueOf.Evaluate(rendering));
        }
        return mapping;
    }
}

/// <summary>"and" and "or".</summary>
internal sealed class LogicExpression : Expression
{
    public required Expression Left { get; init; }

    public required Expression Right { get; init; }

    public required bool IsAnd { get; init; }

    public override IEnumerable<Node> Children => [Left, Right];

    protected override Value Compute(Rendering rendering)
    {
        Value left = Left.Evaluate(rendering);
        return left.Truth == IsAnd ? Right.Evaluate(rendering) : left;
    }
}

/// <summary>"not", "-" and "+" before a value.</summary>
internal sealed class UnaryExpression : Expression
{
    public required string Symbol { get; init; }

    public required Expression Operand { get; init; }

    public override IEnumerable<Node> Children => [Operand];

    protected override Value Compute(Rendering rendering)
    {
        Value operand = Operand.Evaluate(rendering);
        rendering.Line = Line;
        return Symbol switch
        {
            "not" => BooleanValue.Of(!operand.Truth),
            "-" => Operators.Negate(operand),
            _ => Operators.Plus(operand),
        };
    }
}

/// <summary>An operator between two values.</summary>
internal sealed class BinaryExpression : Expression
{
    public required string Symbol { get; init; }

    public required Expression Left { get; init; }

    public required Expression Right { get; init; }

    public override IEnumerable<Node> Children => [Left, Right];

    protected override Value Compute(Rendering rendering)
    {
        Value left = Left.Evaluate(rendering),
            right = Right.Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        return Operators.Apply(Symbol, left, right, rendering.Work);
    }
}

/// <summary>Values joined by "~".</summary>
internal sealed class ConcatExpression : Expression
{
    public required Expression[] Parts { get; init; }

    public override IEnumerable<Node> Children => Parts;

    protected override Value Compute(Rendering rendering)
    {
        var parts = new Value[Parts.Length];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = Parts[i].Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        var text = new TextBuilder(rendering.Work);
        foreach (Value part in parts)
            text.Add(Printing.Text(part, rendering.Work));
        return text.Build();
    }
}

/// <summary>A value if a test holds, else another, or undefined.</summary>
internal sealed class ConditionalExpression : Expression
{
    public required Expression Test { get; init; }

    public required Expression Then { get; init; }

    public Expression? Else { get; init; }

    public override bool IsConstant => Else is not null && base.IsConstant;

    public override IEnumerable<Node> Children => Else is null ? [Test, Then] : [Test, Then, Else];

    protected override Value Compute(Rendering rendering) =>
        Test.Evaluate(rendering).Truth
            ? Then.Evaluate(rendering)
            : Else?.Evaluate(rendering)
                ?? new UndefinedValue($"the inline if-expression on line {Line} evaluated to false and no else section was defined");
}
