namespace VariationalBoN.Transformers.Pickles;

/// <summary>The stack and the memo of a pickle's machine. Not thread-safe.</summary>
/// <param name="code">The code that is run, whose place faults name.</param>
internal sealed class PickleStack(PickleCode code)
{
    private static readonly object s_mark = new();
    private readonly List<object?> _values = [];
    private readonly Dictionary<int, object?> _memo = [];

    public void Push(object? value) => _values.Add(value);

    public void Mark() => Push(s_mark);

    public object? Peek() => _values.Count > 0 && _values[^1] != s_mark ? _values[^1] : throw code.Fault("the stack is empty");

    public object? Pop()
    {
        object? value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>The last values, in the order in which they were pushed.</summary>
    public object?[] Pop(int count)
    {
        object?[] values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = Pop();
        return values;
    }

    /// <summary>The values behind the last mark; the mark goes with them.</summary>
    public object?[] PopToMark()
    {
        int mark = _values.LastIndexOf(s_mark);
        if (mark < 0)
            throw code.Fault("there is no mark on the stack");
        object?[] values = [.. _values[(mark + 1)..]];
        _values.RemoveRange(mark, _values.Count - mark);
        return values;
    }

    /// <summary>Keeps the top value under a number.</summary>
    public void Keep(int key) => _memo[key] = Peek();

    /// <summary>Pushes what was kept under a number.</summary>
    public void Recall(int key) => Push(_memo.TryGetValue(key, out object? value) ? value : throw code.Fault($"the memo has no {key}"));
}
