namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Equality, order and membership as in Python.</summary>
internal static class Comparing
{
    public static bool Equal(Value a, Value b, Work work, int depth = 0)
    {
        work.CheckDepth(depth);
        switch (a, b)
        {
            case (StringValue x, StringValue y):
                work.Charge(Math.Min(x.Text.Length, y.Text.Length) / 16);
                return x.Text == y.Text;
            case (NoneValue, NoneValue) or (UndefinedValue, UndefinedValue):
                return true;
            case (ListValue, ListValue) or (TupleValue, TupleValue):
                return SameItems(((SequenceValue)a).Items, ((SequenceValue)b).Items, work, depth);
            case (MappingValue x, MappingValue y):
                return x.Count == y.Count && x.Entries.All(entry => HasEntry(y, entry, work, depth + 1));
            case (RangeValue x, RangeValue y):
                return SameRange(x, y);
            case (MappingViewValue { Part: not "values" } x, MappingViewValue { Part: not "values" } y):
                return x.Of.Count == y.Of.Count && x.Items.All(item => Contains(y, item, work));
            default:
                return Numbers.IsNumber(a) && Numbers.IsNumber(b) ? Numbers.Compare(a, b) == 0 : ReferenceEquals(a, b);
        }
    }

    /// <summary>Equality inside containers: an object equals itself, even where it is not a number.</summary>
    public static bool Same(Value a, Value b, Work work, int depth = 0) => ReferenceEquals(a, b) || Equal(a, b, work, depth);

    public static bool SameRange(RangeValue a, RangeValue b) =>
        a.Count == b.Count && (a.Count.IsZero || (a.Start == b.Start && (a.Count.IsOne || a.Step == b.Step)));

    /// <summary>Less than (or, with <paramref name="orEqual"/>, at most).</summary>
    public static bool Less(Value a, Value b, bool orEqual, Work work, int depth = 0)
    {
        work.CheckDepth(depth);
        Operators.RequireDefined(a, b);
        switch (a, b)
        {
            case (StringValue x, StringValue y):
                work.Charge(Math.Min(x.Text.Length, y.Text.Length) / 16);
                int order = CompareCodePoints(x.Text, y.Text);
                return order < 0 || (orEqual && order == 0);
            case (ListValue, ListValue) or (TupleValue, TupleValue):
                return LessItems(((SequenceValue)a).Items, ((SequenceValue)b).Items, orEqual, work, depth);
            default:
                if (!Numbers.IsNumber(a) || !Numbers.IsNumber(b))
                    throw TemplateFault.Type($"'<' not supported between instances of '{a.TypeName}' and '{b.TypeName}'");
                return Numbers.Compare(a, b) is int sign && (sign < 0 || (orEqual && sign == 0));
        }
    }

    /// <summary>What <c>item in container</c> is.</summary>
    public static bool Contains(Value container, Value item, Work work)
    {
        switch (container)
        {
            case StringValue text:
                if (item is not StringValue part)
                    throw TemplateFault.Type($"'in <string>' requires string as left operand, not {item.TypeName}");
                work.Charge((text.Text.Length / 8) + part.Text.Length);
                return Searching.IndexOf(text.Text, part.Text) >= 0;
            case MappingValue mapping:
                CheckKey(item, work);
                return mapping.Find(item) is not null;
            case MappingViewValue { Part: "keys" } keys:
                return Contains(keys.Of, item, work);
            case MappingViewValue { Part: "items" } items:
                return item is TupleValue { Items: [Value key, Value value] }
                    && Contains(items.Of, key, work)
                    && Same(items.Of.Find(key)!, value, work);
            case RangeValue range when Numbers.IsInteger(item):
                var offset = Numbers.Integer(item) - range.Start;
                return (offset % range.Step).IsZero && offset / range.Step >= 0 && offset / range.Step < range.Count;
            default:
                foreach (Value other in Iterating.Items(container, work, "argument"))
                {
                    if (Same(other, item, work))
                        return true;
                }
                return false;
        }
    }

    /// <summary>Refuses what cannot be a key of a mapping.</summary>
    public static void CheckKey(Value key, Work work, int depth = 0)
    {
        work.CheckDepth(depth);
        if (key is StringValue text)
            work.Charge(text.Text.Length); // it is hashed
        if (key is ListValue or MappingValue or MappingViewValue { Part: not "values" })
            throw TemplateFault.Type($"unhashable type: '{key.TypeName}'");
        if (key is TupleValue tuple)
        {
            foreach (Value item in tuple.Items)
                CheckKey(item, work, depth + 1);
        }
    }

    /// <summary>Order by code points; that of UTF-16 units differs beyond the basic plane.</summary>
    public static int CompareCodePoints(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
            return a.Length.CompareTo(b.Length);
        return Rank(a[common]).CompareTo(Rank(b[common]));
    }

    private static bool HasEntry(MappingValue mapping, KeyValuePair<Value, Value> entry, Work work, int depth)
    {
        CheckKey(entry.Key, work, depth);
        return mapping.Find(entry.Key) is Value other && Same(entry.Value, other, work, depth);
    }

    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + 0x10000 : unit;

    private static bool SameItems(Value[] a, Value[] b, Work work, int depth)
    {
        if (a.Length != b.Length)
            return false;
        for (int i = 0; i < a.Length; i++)
        {
            if (!Same(a[i], b[i], work, depth + 1))
                return false;
        }
        return true;
    }

    private static bool LessItems(Value[] a, Value[] b, bool orEqual, Work work, int depth)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (!Same(a[i], b[i], work, depth + 1))
                return Less(a[i], b[i], orEqual, work, depth + 1);
        }
        return a.Length < b.Length || (orEqual && a.Length == b.Length);
    }
}
