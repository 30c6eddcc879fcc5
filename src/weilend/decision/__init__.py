"""Policy as data: what was read goes in, approve / refer / decline with limits, price and reasons comes out, as a receipt."""

from weilend.decision.cases import Problem, check_policy
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import Answer, Evaluator, binding_limit
from weilend.decision.parameters import product_parameters
from weilend.decision.parts import Policy
from weilend.decision.policy import dump_policy, load_policy, policy_names, read_policy, restore_policy
from weilend.decision.program import Program, interpret
from weilend.decision.prover import Verdict, Witness, make_claims, make_judge, prove
from weilend.decision.receipt import replay, seal, seals, verify_receipt

__all__ = [
    "Answer",
    "Evaluator",
    "Policy",
    "Problem",
    "Program",
    "Verdict",
    "Witness",
    "binding_limit",
    "check_policy",
    "compile_policy",
    "dump_policy",
    "interpret",
    "load_policy",
    "make_claims",
    "make_judge",
    "policy_names",
    "product_parameters",
    "prove",
    "read_policy",
    "replay",
    "restore_policy",
    "seal",
    "seals",
    "verify_receipt",
]
