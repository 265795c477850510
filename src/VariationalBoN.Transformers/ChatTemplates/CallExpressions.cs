namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The arguments that are written at a call, a filter or a test.</summary>
internal sealed class ArgumentList
{
    public static ArgumentList Nothing { get; } = new() { Positional = [], Named = [] };

    public required Expression[] Positional { get; init; }

    public required (string Name, Expression Value)[] Named { get; init; }

    public Expression? Spread { get; init; }

    public Expression? SpreadNamed { get; init; }

    public IEnumerable<Node> Children =>
        [.. Positional, .. Named.Select(argument => argument.Value), .. ((Expression?[])[Spread, SpreadNamed]).OfType<Expression>()];

    public Arguments Evaluate(Rendering rendering, Value? caller = null)
    {
        if (Positional.Length == 0 && Named.Length == 0 && Spread is null && SpreadNamed is null && caller is null)
            return Arguments.None;
        var positional = new List<Value>(Positional.Length);
        foreach (Expression argument in Positional)
            positional.Add(argument.Evaluate(rendering));
        var named = new List<KeyValuePair<string, Value>>(Named.Length);
        if (Spread is not null)
            positional.AddRange(Iterating.ToArray(Spread.Evaluate(rendering), rendering.Work));
        foreach ((string name, Expression value) in Named)
            named.Add(new(name, value.Evaluate(rendering)));
        if (caller is not null)
            Add(named, "caller", caller, rendering.Work);
        Dictionary<string, StringValue>? spelled = null;
        if (SpreadNamed?.Evaluate(rendering) is Value spread)
        {
            spelled = new(StringComparer.Ordinal);
            if (spread is not MappingValue mapping)
                throw TemplateFault.Type($"argument after ** must be a mapping, not {spread.TypeName}");
            foreach ((Value key, Value value) in mapping.Entries)
            {
                StringValue name = key as StringValue ?? throw TemplateFault.Type("keywords must be strings");
                Add(named, name.Text, value, rendering.Work);
                spelled[name.Text] = name;
            }
        }
        return new Arguments(positional, named) { Spelled = spelled };
    }

    private static void Add(List<KeyValuePair<string, Value>> named, string name, Value value, Work work)
    {
        work.Charge(4 * named.Count);
        if (named.Any(argument => argument.Key == name))
            throw TemplateFault.Type($"got multiple values for keyword argument '{name}'");
        named.Add(new(name, value));
    }
}

/// <summary>A call.</summary>
internal sealed class CallExpression : Expression
{
    public required Expression Callee { get; init; }

    public required ArgumentList Arguments { get; init; }

    public override bool IsConstant => false;

    public override IEnumerable<Node> Children => [Callee, .. Arguments.Children];

    protected override Value Compute(Rendering rendering) => Evaluate(rendering, caller: null);

    public Value Evaluate(Rendering rendering, Value? caller)
    {
        Value callee = Callee.Evaluate(rendering);
        Arguments arguments = Arguments.Evaluate(rendering, caller);
        rendering.Work.Step();
        rendering.Line = Line;
        return callee switch
        {
            UndefinedValue undefined => throw undefined.Fault(),
            CallableValue function => function.Call(rendering, arguments),
            _ => throw TemplateFault.Type($"'{callee.TypeName}' object is not callable"),
        };
    }
}

/// <summary>A filter; without an operand it filters the text of the block around it.</summary>
internal sealed class FilterExpression : Expression
{
    public required Expression? Operand { get; init; }

    public required string Name { get; init; }

    public required ArgumentList Arguments { get; init; }

    public override bool IsConstant =>
        Operand is not null && base.IsConstant && Name is not ("map" or "select" or "reject" or "selectattr" or "rejectattr");

    public override IEnumerable<Node> Children => Operand is null ? Arguments.Children : [Operand, .. Arguments.Children];

    protected override Value Compute(Rendering rendering) => Evaluate(rendering, block: null);

    public Value Evaluate(Rendering rendering, Value? block)
    {
        Work.CheckStack();
        Value value = Operand is FilterExpression inner ? inner.Evaluate(rendering, block) : Operand?.Evaluate(rendering) ?? block!;
        Arguments arguments = Arguments.Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        return Filters.Apply(Name, rendering, value, arguments);
    }
}

/// <summary>A test after "is".</summary>
internal sealed class TestExpression : Expression
{
    public required Expression Operand { get; init; }

    public required string Name { get; init; }

    public required ArgumentList Arguments { get; init; }

    public override IEnumerable<Node> Children => [Operand, .. Arguments.Children];

    protected override Value Compute(Rendering rendering)
    {
        Value value = Operand.Evaluate(rendering);
        Arguments arguments = Arguments.Evaluate(rendering);
        rendering.Work.Step();
        rendering.Line = Line;
        return Tests.Apply(Name, rendering, value, arguments);
    }
}
