using Mono.Cecil;
using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>
/// Follows native objects through one method: which call hands the address of which object to native code, and whether the method still has
/// a use for the object afterwards. The optimizing compiler holds an object up to its last use and no longer, so one whose last use is to
/// give its address away may be finalized during the call.
/// </summary>
/// <remarks>Objects are numbered: parameters first, then those that an instruction makes. Not thread-safe.</remarks>
internal sealed class HandleFlow
{
    private readonly MethodDefinition _method;
    private readonly HandleTypes _types;
    private readonly Func<MethodReference, MethodDefinition?> _resolve;
    private readonly Func<MethodDefinition, MethodFacts> _facts;
    private readonly ControlFlow _flow;
    private readonly int _parameters;
    private readonly Dictionary<Instruction, int> _made = [];
    private readonly List<Instruction?> _origins;
    private readonly Dictionary<Instruction, HandleSet> _uses = [],
        _given = [];

    public HandleFlow(
        MethodDefinition method,
        HandleTypes types,
        Func<MethodReference, MethodDefinition?> resolve,
        Func<MethodDefinition, MethodFacts> facts
    )
    {
        (_method, _types, _resolve, _facts, _flow) = (method, types, resolve, facts, new ControlFlow(method.Body));
        _parameters = method.Parameters.Count + (method.HasThis ? 1 : 0);
        _origins = [.. new Instruction?[_parameters]];
        Run();
    }

    /// <summary>What it may return: parameters, and objects that were made.</summary>
    public HandleSet Returned { get; private set; }

    public int Parameters => _parameters;

    /// <summary>Each object that native code may read while nothing here holds it:
    /// its number, the instruction that made it (null for a parameter), the call.</summary>
    public IEnumerable<(int Number, Instruction? Made, Instruction Call)> Lost() =>
        from given in _given
        from number in given.Value.Numbers
        where !IsUsedAfter(given.Key, number)
        select (number, _origins[number], given.Key);

    /// <summary>Whether a scope that holds tensors is open at a call: one made before in this method, and disposed of after.</summary>
    public bool HasOpenScope(Instruction call) =>
        _made.Any(made => made.Key.Offset < call.Offset && IsScope(made.Key) && IsUsedAfter(call, made.Value));

    private static bool IsScope(Instruction made) => made.Operand is MethodReference { ReturnType.Name: "DisposeScope" };

    private void Run()
    {
        var states = new Dictionary<Instruction, (HandleSet[] Stack, HandleSet[] Locals)>();
        var work = new Queue<Instruction>();
        Merge(
            _method.Body.Instructions[0],
            [],
            [.. Enumerable.Range(0, _parameters).Select(Parameter), .. new HandleSet[_method.Body.Variables.Count]]
        );
        while (work.TryDequeue(out Instruction? instruction))
        {
            (HandleSet[] stack, HandleSet[] before) = states[instruction];
            (HandleSet[] after, HandleSet[] next) = Execute(instruction, stack, before);
            foreach (Instruction successor in ControlFlow.Successors(instruction))
                Merge(successor, after, next);
            foreach (Instruction handler in _flow.Handlers(instruction))
                Merge(handler, _flow.EntersWithException(handler) ? [HandleSet.Empty] : [], Union(before, next));
        }

        void Merge(Instruction at, HandleSet[] stack, HandleSet[] locals)
        {
            if (!states.TryGetValue(at, out var known))
            {
                states[at] = (stack, locals);
                work.Enqueue(at);
                return;
            }

            var merged = (Stack: Union(known.Stack, stack), Locals: Union(known.Locals, locals));
            if (merged.Stack.AsSpan().SequenceEqual(known.Stack) && merged.Locals.AsSpan().SequenceEqual(known.Locals))
                return;
            states[at] = merged;
            work.Enqueue(at);
        }
    }

    private HandleSet Parameter(int number)
    {
        int index = _method.HasThis ? number - 1 : number;
        return index >= 0 && HandleTypes.IsAddress(_method.Parameters[index].ParameterType)
            ? HandleSet.Address(number)
            : HandleSet.Object(number);
    }

    private (HandleSet[] Stack, HandleSet[] Locals) Execute(Instruction instruction, HandleSet[] stack, HandleSet[] locals)
    {
        int pops = StackEffect.Pops(instruction, stack.Length, _method),
            pushes = StackEffect.Pushes(instruction);
        HandleSet[] taken = stack[^pops..],
            rest = stack[..^pops];
        HandleSet all = HandleSet.Union(taken);
        switch (instruction.OpCode.Code)
        {
            case Code.Ldarg or Code.Ldarg_S or Code.Ldarg_0 or Code.Ldarg_1 or Code.Ldarg_2 or Code.Ldarg_3 or Code.Ldarga or Code.Ldarga_S:
                return ([.. rest, locals[StackEffect.Argument(instruction, _method)]], locals);
            case Code.Starg or Code.Starg_S:
                return (rest, With(locals, StackEffect.Argument(instruction, _method), all));
            case Code.Ldloc or Code.Ldloc_S or Code.Ldloc_0 or Code.Ldloc_1 or Code.Ldloc_2 or Code.Ldloc_3 or Code.Ldloca or Code.Ldloca_S:
                return ([.. rest, locals[_parameters + StackEffect.Local(instruction)]], locals);
            case Code.Stloc or Code.Stloc_S or Code.Stloc_0 or Code.Stloc_1 or Code.Stloc_2 or Code.Stloc_3:
                return (rest, With(locals, _parameters + StackEffect.Local(instruction), all));
            case Code.Call or Code.Callvirt or Code.Newobj:
                HandleSet result = Call(instruction, (MethodReference)instruction.Operand, taken);
                return (Padded(rest, pushes, result), Received(instruction, taken, locals));
            case Code.Ret or Code.Stfld or Code.Stsfld or Code.Throw or Code.Calli: // kept elsewhere
                Add(_uses, instruction, all);
                Returned |= instruction.OpCode.Code == Code.Ret ? all : HandleSet.Empty;
                return (Padded(rest, pushes, HandleSet.Empty), locals);
            case Code.Stelem_Ref or Code.Stelem_Any or Code.Stelem_I:
                return (Put(rest, taken[0], taken[2]), Put(locals, taken[0], taken[2]));
            case Code.Newarr
                when _types.Owns((TypeReference)instruction.Operand) || HandleTypes.IsAddress((TypeReference)instruction.Operand):
                return ([.. rest, HandleSet.Object(Make(instruction))], locals);
            case Code.Ldfld:
                return (
                    [.. rest, HandleTypes.IsAddress(((FieldReference)instruction.Operand).FieldType) ? all.AsAddresses : HandleSet.Empty],
                    locals
                );
            default:
                return (Padded(rest, pushes, StackEffect.PassesOn(instruction) ? all : HandleSet.Empty), locals);
        }
    }

    /// <summary>Notes what a call uses and gives to native code; what it returns.</summary>
    private HandleSet Call(Instruction instruction, MethodReference target, HandleSet[] arguments)
    {
        HandleSet all = HandleSet.Union(arguments),
            result = HandleSet.Empty;
        Add(_uses, instruction, all);
        bool creates = instruction.OpCode.Code == Code.Newobj;
        TypeReference type = creates ? target.DeclaringType : HandleTypes.ReturnType(target);
        MethodDefinition? method = _resolve(target);
        if (method is null) // of the system: what goes into it may come out of it
        {
            if (HandleTypes.IsAddress(type))
                return all.AsAddresses;
            return !creates && !_types.Owns(type) ? HandleSet.Empty
                : creates && _types.Owns(type) ? all | HandleSet.Object(Make(instruction))
                : all;
        }

        if (method.IsPInvokeImpl)
        {
            Add(_given, instruction, all.Addressed);
            return HandleSet.Empty;
        }

        MethodFacts facts = _facts(method);
        int shift = creates ? 1 : 0; // the object that is made is the constructor's first parameter, and none of the arguments
        for (int i = 0; i < arguments.Length; i++)
        {
            if (facts.Dropped.Contains(i + shift))
                Add(_given, instruction, arguments[i]);
            if (!creates && facts.Returned.Contains(i))
                result |= arguments[i];
        }

        if (HandleTypes.IsAddress(type))
            return all.AsAddresses;
        bool isScope = type.Name == "DisposeScope",
            fresh = creates || facts.ReturnsFresh || !method.HasBody;
        return isScope || (fresh && _types.Owns(type)) ? result | HandleSet.Object(Make(instruction))
            : creates ? all.Objects
            : result;
    }

    /// <summary>A method of a list that takes something puts it into the list.</summary>
    private HandleSet[] Received(Instruction instruction, HandleSet[] taken, HandleSet[] locals)
    {
        var target = (MethodReference)instruction.Operand;
        return instruction.OpCode.Code == Code.Newobj || !target.HasThis || taken.Length < 2 || _types.IsTorchSharp(target.DeclaringType)
            ? locals
            : Put(locals, taken[0], HandleSet.Union(taken[1..]));
    }

    private int Make(Instruction instruction)
    {
        if (!_made.TryGetValue(instruction, out int number))
        {
            _made[instruction] = number = _origins.Count;
            _origins.Add(instruction);
        }

        return number;
    }

    private bool IsUsedAfter(Instruction call, int number)
    {
        var seen = new HashSet<Instruction>();
        var work = new Stack<Instruction>(_flow.Next(call));
        while (work.TryPop(out Instruction? at))
        {
            if (at == _origins[number] || !seen.Add(at))
                continue;
            if (_uses.TryGetValue(at, out HandleSet used) && used.Overlaps(HandleSet.Object(number)))
                return true;
            foreach (Instruction next in _flow.Next(at))
                work.Push(next);
        }

        return false;
    }

    private static void Add(Dictionary<Instruction, HandleSet> to, Instruction instruction, HandleSet values) =>
        to[instruction] = to.GetValueOrDefault(instruction) | values;

    private static HandleSet[] Put(HandleSet[] values, HandleSet container, HandleSet content) =>
        [.. values.Select(value => value.Overlaps(container) ? value | content : value)];

    private static HandleSet[] Union(HandleSet[] a, HandleSet[] b) =>
        a.Length == b.Length
            ? [.. a.Zip(b, (x, y) => x | y)]
            : throw new InvalidOperationException($"The stack has {a.Length} values on one way and {b.Length} on another.");

    private static HandleSet[] With(HandleSet[] values, int index, HandleSet value)
    {
        HandleSet[] copy = [.. values];
        copy[index] = value;
        return copy;
    }

    private static HandleSet[] Padded(HandleSet[] stack, int count, HandleSet value) => [.. stack, .. Enumerable.Repeat(value, count)];
}
