namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>"for": the body has its variables anew in each round.</summary>
internal sealed class ForStatement : Statement
{
    public required Expression Target { get; init; }

    public required Expression Over { get; init; }

    public required Expression? Filter { get; init; }

    public required bool IsRecursive { get; init; }

    public required Statement[] Body { get; init; }

    public required Statement[] Else { get; init; }

    /// <summary>A second copy of the target, bound to the function that filters.</summary>
    public required Expression? FilterTarget { get; init; }

    public Scope BodyScope { get; set; } = Scope.Nothing;

    public Scope ElseScope { get; set; } = Scope.Nothing;

    public Scope FilterScope { get; set; } = Scope.Nothing;

    /// <summary>Where the variable "loop" stands; null where the body does not use it.</summary>
    public int? LoopSlot { get; set; }

    /// <summary>Number of variables of the function that filters.</summary>
    public Func<int> FilterSize { get; set; } = () => 0;

    /// <summary>Number of variables of the function of a recursive loop.</summary>
    public Func<int> LoopSize { get; set; } = () => 0;

    public override IEnumerable<Node> Children => [Target, Over, .. Body, .. Else, .. Filter is null ? (Node[])[] : [Filter]];

    public override Flow Run(Rendering rendering)
    {
        rendering.Line = Line;
        Value over = Over.Evaluate(rendering);
        Frame outer = rendering.Frame;
        if (!IsRecursive)
            return RunLoop(rendering, over, outer, depth: 0, recurse: null);
        rendering.Out.Add((StringValue)Recurse(over, 0));
        return Flow.Next;

        Value Recurse(Value items, int depth) =>
            rendering.Within(new Frame(outer, LoopSize()), () => rendering.Capture(inner => RunLoop(inner, items, outer, depth, Recurse)));
    }

    private Flow RunLoop(Rendering rendering, Value over, Frame outer, int depth, Func<Value, int, Value>? recurse)
    {
        MappingValue? message = rendering.Message;
        IEnumerable<Value> items = Iterating.Items(over, rendering.Work);
        if (Filter is not null)
            items = Filtered(items, rendering, outer);
        bool complete = LoopSlot is int slot
            ? RunRounds(new LoopValue(Filter is null ? over : NoneValue.Plain, items, depth, recurse), slot, rendering)
            : RunRounds(items, rendering);
        rendering.Message = message;
        if (complete || Else.Length == 0)
            return Flow.Next;
        ElseScope.Enter(rendering);
        Flow flow = RunAll(Else, rendering);
        ElseScope.Leave(rendering);
        return flow;
    }

    private bool RunRounds(LoopValue loop, int slot, Rendering rendering)
    {
        bool complete = false;
        while (loop.MoveNext(out Value item))
        {
            if (RunRound(item, loop, slot, rendering, ref complete))
                break;
        }
        BodyScope.Leave(rendering);
        return complete;
    }

    private bool RunRounds(IEnumerable<Value> items, Rendering rendering)
    {
        bool complete = false;
        foreach (Value item in items)
        {
            if (RunRound(item, null, 0, rendering, ref complete))
                break;
        }
        BodyScope.Leave(rendering);
        return complete;
    }

    /// <summary>
    /// Runs the body for an item and returns true where the loop is left. A round that ran to its end makes the loop complete.
    /// </summary>
    private bool RunRound(Value item, LoopValue? loop, int slot, Rendering rendering, ref bool complete)
    {
        if (item is MappingValue { MessageIndex: >= 0 } message)
            rendering.Message = message;
        rendering.Line = Line;
        rendering.Work.Step();
        Targets.Assign(Target, item, rendering);
        if (loop is not null)
            rendering.Frame.Slots[slot] = loop;
        BodyScope.Enter(rendering);
        Flow flow = RunAll(Body, rendering);
        complete |= flow == Flow.Next;
        return flow == Flow.Break;
    }

    private IEnumerable<Value> Filtered(IEnumerable<Value> items, Rendering rendering, Frame outer)
    {
        var frame = new Frame(outer, FilterSize());
        foreach (Value item in items)
        {
            bool passes = rendering.Within(
                frame,
                () =>
                {
                    rendering.Line = Filter!.Line;
                    FilterScope.Enter(rendering);
                    Targets.Assign(FilterTarget!, item, rendering);
                    return Filter.Evaluate(rendering).Truth;
                }
            );
            if (passes)
                yield return item;
        }
    }
}
