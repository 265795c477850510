using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Pickles;

/// <summary>Reads a pickled flat dictionary of tensors, and nothing else.</summary>
/// <remarks>
/// A pickle is a program. This machine knows the instructions that <c>torch.save</c> writes for a state dictionary and the handful of names
/// below; whatever else a file asks for is refused by name, and nothing in a file is ever run.
/// </remarks>
internal sealed class StatePickle
{
    private const int MaxDimensions = 8; // more than any weight has: each tensor takes memory for them
    private static readonly Dictionary<string, torch.ScalarType> Storages = new(StringComparer.Ordinal)
    {
        ["torch.FloatStorage"] = torch.ScalarType.Float32,
        ["torch.HalfStorage"] = torch.ScalarType.Float16,
        ["torch.BFloat16Storage"] = torch.ScalarType.BFloat16,
        ["torch.DoubleStorage"] = torch.ScalarType.Float64,
        ["torch.LongStorage"] = torch.ScalarType.Int64,
        ["torch.IntStorage"] = torch.ScalarType.Int32,
        ["torch.ShortStorage"] = torch.ScalarType.Int16,
        ["torch.CharStorage"] = torch.ScalarType.Int8,
        ["torch.ByteStorage"] = torch.ScalarType.Byte,
        ["torch.BoolStorage"] = torch.ScalarType.Bool,
    };

    private readonly PickleCode _code;
    private readonly PickleStack _stack;

    private StatePickle(byte[] code) => _stack = new PickleStack(_code = new PickleCode(code));

    /// <summary>The tensors in the order of the dictionary.</summary>
    /// <exception cref="InvalidDataException">The pickle is damaged or holds something else; the message names it and the byte.</exception>
    internal static IReadOnlyDictionary<string, PickledTensor> Read(byte[] code) => new StatePickle(code).Run();

    private OrderedDictionary<string, PickledTensor> Run()
    {
        while (true)
        {
            byte instruction = _code.Instruction();
            if (instruction == '.')
                return Tensors(_stack.Pop());
            Execute(instruction);
        }
    }

    private void Execute(byte instruction)
    {
        switch (instruction)
        {
            case 0x80: // PROTO
                if (_code.Byte() is not (2 or 3) and var version)
                    throw _code.Fault($"the pickle protocol is {version}; 2 and 3 are read");
                break;
            case (byte)'(':
                _stack.Mark();
                break;
            case (byte)'}':
                _stack.Push(new Items());
                break;
            case (byte)')':
                _stack.Push(Array.Empty<object?>());
                break;
            case (byte)'N':
                _stack.Push(null);
                break;
            case 0x88:
                _stack.Push(true);
                break;
            case 0x89:
                _stack.Push(false);
                break;
            case (byte)'K':
                _stack.Push((long)_code.Byte());
                break;
            case (byte)'M':
                _stack.Push((long)_code.UInt16());
                break;
            case (byte)'J':
                _stack.Push((long)_code.Int32());
                break;
            case 0x8a:
                _stack.Push(_code.Long(_code.Byte()));
                break;
            case (byte)'X':
                _stack.Push(_code.Text(_code.Int32()));
                break;
            case (byte)'c':
                _stack.Push(Name());
                break;
            case (byte)'q':
                _stack.Keep(_code.Byte());
                break;
            case (byte)'r':
                _stack.Keep(_code.Int32());
                break;
            case (byte)'h':
                _stack.Recall(_code.Byte());
                break;
            case (byte)'j':
                _stack.Recall(_code.Int32());
                break;
            case (byte)'t':
                _stack.Push(_stack.PopToMark());
                break;
            case 0x85:
                _stack.Push(new[] { _stack.Pop() });
                break;
            case 0x86:
                _stack.Push(_stack.Pop(2));
                break;
            case 0x87:
                _stack.Push(_stack.Pop(3));
                break;
            case (byte)'s':
                SetItems(_stack.Pop(2));
                break;
            case (byte)'u':
                SetItems(_stack.PopToMark());
                break;
            case (byte)'Q':
                _stack.Push(Storage(_stack.Pop()));
                break;
            case (byte)'R':
                Reduce();
                break;
            case (byte)'b':
                Build();
                break;
            default:
                throw _code.Fault($"the instruction 0x{instruction:x2} is not one that a state dictionary needs");
        }
    }

    private object Name()
    {
        string name = $"{_code.Line()}.{_code.Line()}";
        if (Storages.TryGetValue(name, out var type))
            return type;
        return name switch
        {
            "collections.OrderedDict" => Callable.Dictionary,
            "torch._utils._rebuild_tensor_v2" => Callable.Tensor,
            "torch._utils._rebuild_parameter" => Callable.Parameter,
            _ => throw _code.Fault($"the file asks for '{Shown.Name(name)}', which a state dictionary does not need; it is not run"),
        };
    }

    private PickledStorage Storage(object? id) =>
        id is object?[] and ["storage", torch.ScalarType type, string key, string, long count] && count >= 0
            ? new PickledStorage(type, key, count)
            : throw _code.Fault("a reference to data outside the pickle is not one to a storage");

    private void Reduce()
    {
        object?[] arguments = _stack.Pop() as object?[] ?? throw _code.Fault("the arguments of a call are no tuple");
        _stack.Push(
            (_stack.Pop(), arguments) switch
            {
                (Callable.Dictionary, []) => new Items(),
                (Callable.Tensor, [PickledStorage storage, long offset, object?[] shape, object?[] strides, bool, Items, ..]) =>
                    new PickledTensor(storage, offset, Longs(shape), Longs(strides)),
                (Callable.Parameter, [PickledTensor tensor, bool, Items]) => tensor,
                _ => throw _code.Fault("a call has other arguments than a state dictionary gives"),
            }
        );
    }

    /// <summary>What PyTorch hangs on a state dictionary, the versions of its modules, is of no use here.</summary>
    private void Build()
    {
        _stack.Pop();
        if (_stack.Peek() is not Items)
            throw _code.Fault("attributes are set on something that is no dictionary");
    }

    private void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0 || _stack.Peek() is not Items target)
            throw _code.Fault("items are set on something that is no dictionary");
        for (int i = 0; i < items.Length; i += 2)
            target.Pairs.Add((items[i], items[i + 1]));
    }

    private OrderedDictionary<string, PickledTensor> Tensors(object? root)
    {
        if (root is not Items items)
            throw _code.Fault("the file holds no dictionary");
        var tensors = new OrderedDictionary<string, PickledTensor>(items.Pairs.Count, StringComparer.Ordinal);
        foreach ((object? key, object? value) in items.Pairs)
        {
            if (key is not string name)
                throw _code.Fault("a key of the dictionary is no text");
            if (value is not PickledTensor tensor)
                throw _code.Fault($"'{Shown.Name(name)}' is no tensor: the file must hold the bare state dictionary of a model");
            if (!tensors.TryAdd(name, tensor))
                throw _code.Fault($"the tensor '{Shown.Name(name)}' is listed twice");
        }

        return tensors;
    }

    private long[] Longs(object?[] values) =>
        values.Length <= MaxDimensions && values.All(value => value is long)
            ? [.. values.Cast<long>()]
            : throw _code.Fault($"a shape has something else in it than at most {MaxDimensions} whole numbers");

    private enum Callable
    {
        Dictionary,
        Tensor,
        Parameter,
    }

    private sealed class Items
    {
        internal List<(object? Key, object? Value)> Pairs { get; } = [];
    }
}
