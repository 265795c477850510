namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The variables of one running function: the template itself, a macro, a recursive loop or the filter of a loop.</summary>
internal sealed class Frame(Frame? outer, int size)
{
    /// <summary>Values; null where a variable is not set.</summary>
    public Value?[] Slots { get; } = new Value?[size];

    public Frame? Outer { get; } = outer;
}

/// <summary>Where a variable stands: so many functions out, at that slot.</summary>
internal readonly record struct Slot(int Hops, int Index)
{
    public Value? Get(Frame frame) => Of(frame).Slots[Index];

    public void Set(Frame frame, Value? value) => Of(frame).Slots[Index] = value;

    private Frame Of(Frame frame)
    {
        for (int hops = Hops; hops > 0; hops--)
            frame = frame.Outer!;
        return frame;
    }
}

/// <summary>How a variable of a scope begins: unset, as a copy of an outer variable, or as a variable of the rendering.</summary>
internal readonly record struct SlotStart(int Index, Slot? Copy, string? Variable);

/// <summary>The variables that a block makes its own.</summary>
internal sealed class Scope(SlotStart[] starts, int[] all)
{
    public static Scope Nothing { get; } = new([], []);

    public void Enter(Rendering rendering)
    {
        rendering.Work.Charge(all.Length);
        foreach (SlotStart start in starts)
        {
            rendering.Frame.Slots[start.Index] =
                start.Copy is Slot copy ? copy.Get(rendering.Frame)
                : start.Variable is string name ? rendering.Variable(name)
                : null;
        }
    }

    public void Leave(Rendering rendering)
    {
        foreach (int index in all)
            rendering.Frame.Slots[index] = null;
    }
}
