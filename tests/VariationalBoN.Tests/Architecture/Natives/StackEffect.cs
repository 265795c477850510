using Mono.Cecil;
using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>What an instruction takes from the stack and puts there. Stateless, thread-safe.</summary>
internal static class StackEffect
{
    public static int Pops(Instruction instruction, int depth, MethodDefinition method) =>
        instruction.OpCode.StackBehaviourPop switch
        {
            StackBehaviour.Pop0 => 0,
            StackBehaviour.Pop1 or StackBehaviour.Popi or StackBehaviour.Popref => 1,
            StackBehaviour.Pop1_pop1
            or StackBehaviour.Popi_pop1
            or StackBehaviour.Popi_popi
            or StackBehaviour.Popi_popi8
            or StackBehaviour.Popi_popr4
            or StackBehaviour.Popi_popr8
            or StackBehaviour.Popref_pop1
            or StackBehaviour.Popref_popi => 2,
            StackBehaviour.Popi_popi_popi
            or StackBehaviour.Popref_popi_popi
            or StackBehaviour.Popref_popi_popi8
            or StackBehaviour.Popref_popi_popr4
            or StackBehaviour.Popref_popi_popr8
            or StackBehaviour.Popref_popi_popref => 3,
            StackBehaviour.PopAll => depth,
            _ => instruction.OpCode.Code switch
            {
                Code.Ret => IsVoid(method.ReturnType) ? 0 : 1,
                Code.Calli => ((CallSite)instruction.Operand).Parameters.Count + 1 + (((CallSite)instruction.Operand).HasThis ? 1 : 0),
                _ => Arguments(instruction, (IMethodSignature)instruction.Operand),
            },
        };

    public static int Pushes(Instruction instruction) =>
        instruction.OpCode.StackBehaviourPush switch
        {
            StackBehaviour.Push0 => 0,
            StackBehaviour.Push1_push1 => 2,
            StackBehaviour.Varpush => instruction.OpCode.Code == Code.Newobj || !IsVoid(((IMethodSignature)instruction.Operand).ReturnType)
                ? 1
                : 0,
            _ => 1,
        };

    /// <summary>Whether what it pushes is still what it took.</summary>
    public static bool PassesOn(Instruction instruction) =>
        instruction.OpCode.Code
            is Code.Castclass
                or Code.Isinst
                or Code.Box
                or Code.Unbox
                or Code.Unbox_Any
                or Code.Conv_I
                or Code.Conv_U
                or Code.Ldobj
                or Code.Ldind_Ref
                or Code.Ldind_I
                or Code.Ldelem_Ref
                or Code.Ldelem_Any
                or Code.Ldelem_I
                or Code.Ldelema
                or Code.Ldflda
                or Code.Add;

    public static int Argument(Instruction instruction, MethodDefinition method) =>
        instruction.OpCode.Code switch
        {
            Code.Ldarg_0 => 0,
            Code.Ldarg_1 => 1,
            Code.Ldarg_2 => 2,
            Code.Ldarg_3 => 3,
            _ => instruction.Operand is ParameterDefinition { Index: >= 0 and int index } ? index + (method.HasThis ? 1 : 0) : 0,
        };

    public static int Local(Instruction instruction) =>
        instruction.OpCode.Code switch
        {
            Code.Ldloc_0 or Code.Stloc_0 => 0,
            Code.Ldloc_1 or Code.Stloc_1 => 1,
            Code.Ldloc_2 or Code.Stloc_2 => 2,
            Code.Ldloc_3 or Code.Stloc_3 => 3,
            _ => ((VariableDefinition)instruction.Operand).Index,
        };

    private static int Arguments(Instruction instruction, IMethodSignature target) =>
        target.Parameters.Count + (target.HasThis && instruction.OpCode.Code != Code.Newobj ? 1 : 0);

    /// <summary>The setter of an init property returns a marked void.</summary>
    private static bool IsVoid(TypeReference type) =>
        (type is IModifierType modified ? modified.ElementType : type).FullName == "System.Void";
}
