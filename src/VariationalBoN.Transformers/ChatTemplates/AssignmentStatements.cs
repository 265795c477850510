namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>"set" with a value.</summary>
internal sealed class SetStatement : Statement
{
    public required Expression Target { get; init; }

    public required Expression Value { get; init; }

    public override IEnumerable<Node> Children => [Target, Value];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        Targets.Check(Target, rendering);
        Targets.Assign(Target, Value.Evaluate(rendering), rendering);
        return Flow.Next;
    }
}

/// <summary>"set" with a block.</summary>
internal sealed class SetBlockStatement : Statement
{
    public required Expression Target { get; init; }

    public required FilterExpression? Filter { get; init; }

    public required Statement[] Body { get; init; }

    public Scope Scope { get; set; } = Scope.Nothing;

    public override IEnumerable<Node> Children => [Target, .. Filter is null ? (Node[])[] : [Filter], .. Body];

    public override Flow Run(Rendering rendering)
    {
        Flow flow = Flow.Next;
        Scope.Enter(rendering);
        Value text = rendering.Capture(inner => flow = RunAll(Body, inner));
        if (flow != Flow.Next)
            return flow;
        rendering.Line = Line;
        Value value = Filter?.Evaluate(rendering, text) ?? text;
        Targets.Check(Target, rendering);
        Targets.Assign(Target, value, rendering);
        Scope.Leave(rendering);
        return Flow.Next;
    }
}

/// <summary>"with".</summary>
internal sealed class WithStatement : Statement
{
    public required Expression[] Targets { get; init; }

    public required Expression[] Values { get; init; }

    public required Statement[] Body { get; init; }

    public Scope Scope { get; set; } = Scope.Nothing;

    public override IEnumerable<Node> Children => [.. Targets, .. Values, .. Body];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        Scope.Enter(rendering);
        for (int i = 0; i < Targets.Length; i++)
            ChatTemplates.Targets.Assign(Targets[i], Values[i].Evaluate(rendering), rendering);
        Flow flow = RunAll(Body, rendering);
        Scope.Leave(rendering);
        return flow;
    }
}

/// <summary>"filter" with a block.</summary>
internal sealed class FilterStatement : Statement
{
    public required FilterExpression Filter { get; init; }

    public required Statement[] Body { get; init; }

    public Scope Scope { get; set; } = Scope.Nothing;

    public override IEnumerable<Node> Children => [.. Body, Filter];

    public override Flow Run(Rendering rendering)
    {
        Flow flow = Flow.Next;
        Scope.Enter(rendering);
        Value text = rendering.Capture(inner => flow = RunAll(Body, inner));
        if (flow != Flow.Next)
            return flow;
        rendering.Line = Line;
        rendering.Print(Filter.Evaluate(rendering, text));
        Scope.Leave(rendering);
        return Flow.Next;
    }
}

/// <summary>Assignment to names, attributes of namespaces and tuples of them.</summary>
internal static class Targets
{
    /// <summary>Refuses to set an attribute of anything but a namespace, before the value is evaluated.</summary>
    public static void Check(Expression target, Rendering rendering)
    {
        Work.CheckStack();
        if (target is NamespaceTarget && target.Evaluate(rendering) is not NamespaceValue)
            throw TemplateFault.Type("cannot assign attribute on non-namespace object");
        if (target is SequenceExpression tuple)
        {
            foreach (Expression item in tuple.Items)
                Check(item, rendering);
        }
    }

    public static void Assign(Expression target, Value value, Rendering rendering)
    {
        Work.CheckStack();
        switch (target)
        {
            case NameExpression name:
                name.Slot.Set(rendering.Frame, value);
                break;
            case NamespaceTarget attribute:
                ((NamespaceValue)attribute.Evaluate(rendering)).Attributes.Set(new StringValue(attribute.Attribute), value);
                break;
            default:
                AssignItems(((SequenceExpression)target).Items, value, rendering);
                break;
        }
    }

    private static void AssignItems(Expression[] targets, Value value, Rendering rendering)
    {
        var items = new List<Value>(targets.Length);
        foreach (Value item in Iterating.Items(value, rendering.Work))
        {
            if (items.Count == targets.Length)
                throw TemplateFault.Value($"too many values to unpack (expected {targets.Length})");
            items.Add(item);
        }
        if (items.Count < targets.Length)
            throw TemplateFault.Value($"not enough values to unpack (expected {targets.Length}, got {items.Count})");
        for (int i = 0; i < targets.Length; i++)
            Assign(targets[i], items[i], rendering);
    }
}
