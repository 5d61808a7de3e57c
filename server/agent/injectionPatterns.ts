/** `raw` patterns match the original text, all others the normalized text: lower case, single spaces. */
export type Pattern = { name: string; regex: RegExp; raw?: true };

// Every gap is bounded and no repetition is nested, so matching takes linear time.
const gap = "(?:[\\p{L}\\d'’-]{1,20} ){0,4}";
const override = "(?:ignore|disregard|forget|override|bypass|discard|do not follow|don['’]t follow|stop following)";
const earlier = '(?:previous|prior|above|earlier|preceding|foregoing|existing|original|initial|system)';
const orders = '(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|commands?|orders?)';

const pattern = (name: string, ...words: string[]): Pattern[] => words.map((each) => ({ name, regex: new RegExp(each, 'u') }));

/** Our own list: plain attempts in the most common languages. */
export const patterns: readonly Pattern[] = [
  ...pattern(
    'instruction_override',
    `\\b${override} ${gap}${earlier} ${gap}${orders}\\b`,
    `\\b${override} ${gap}${orders} ${gap}(?:above|before|earlier|so far)\\b`,
    `\\b${override} (?:everything|all|anything)(?: that)? ${gap}(?:above|before this|you were told|you have been told)\\b`,
    // German, French, Spanish, Portuguese, Italian, Dutch, Polish, Turkish
    `\\b(?:ignorier\\p{L}{0,3}|missachte\\p{L}{0,2}|vergiss|vergessen sie) ${gap}(?:vorherigen?|vorigen?|bisherigen?|obigen?|früheren?|ursprünglichen?) ${gap}(?:anweisung|anleitung|instruktion|befehl|regel|vorgabe)`,
    `\\b(?:ignore[zrs]?|oublie[zrs]?|ne tenez pas compte d) ?${gap}(?:instructions|consignes|directives|ordres|règles) (?:précédentes?|antérieure?s|ci-dessus|initiales)`,
    `\\b(?:ignora|ignore|ignorad|olvida|olvide|descarta) ${gap}(?:instrucciones|indicaciones|órdenes|reglas) (?:anteriores|previas|de arriba)`,
    `\\b(?:ignore|ignora|esqueça|desconsidere) ${gap}(?:instruções|orientações|ordens|regras) (?:anteriores|prévias|acima)`,
    `\\b(?:ignora|ignorate|dimentica|dimenticate) ${gap}(?:istruzioni|indicazioni|regole) (?:precedenti|di prima|sopra)`,
    `\\b(?:negeer|vergeet) ${gap}(?:vorige|voorgaande|eerdere|bovenstaande) (?:instructies|opdrachten|regels)`,
    `\\b(?:zignoruj|ignoruj|zapomnij) ${gap}(?:poprzednie|wcześniejsze|powyższe) (?:instrukcje|polecenia|zasady)`,
    '(?:önceki|yukarıdaki) (?:tüm |bütün )?(?:talimat|komut|kural)\\p{L}{0,6} (?:yok say|görmezden gel|unut)',
    // Russian, Arabic, Hindi, Chinese, Japanese, Korean
    `(?:игнорируй|проигнорируй|забудь)(?:те)? ${gap}(?:предыдущи|прежни|вышеуказанны|ранни)\\p{L}{1,3} (?:инструкци|указани|команд|правил)`,
    '(?:تجاهل|انس) (?:جميع |كل )?(?:التعليمات|الأوامر|القواعد) (?:السابقة|أعلاه)',
    '(?:पिछले|पूर्व) (?:सभी )?(?:निर्देश|आदेश)[\\p{L}\\p{M}]{0,6} ?(?:को )?(?:अनदेखा|भूल)',
    '(?:忽略|无视|無視|忘记|忘記|不要理会)(?:你|您|所有|全部|一切|之前|先前|以上|上面|前面|此前|的){1,6}(?:指令|指示|提示|规则|規則|命令|要求)',
    '(?:これまで|以前|上記|前|先)の(?:すべての|全ての)?(?:指示|命令|プロンプト|ルール)(?:を|は)?(?:すべて|全て)?(?:無視|忘れ)',
    '(?:이전|위|앞)의? ?(?:모든 )?(?:지시|명령|프롬프트|규칙)\\p{L}{0,3} ?(?:모두 )?(?:무시|잊)',
  ),
  ...pattern(
    'role_change',
    '\\byou are (?:now |no longer )(?:an? |in )?(?:dan\\b|jailbroken|unrestricted|unfiltered|uncensored|developer mode|god mode|bound by|restricted by)',
    '\\b(?:enable|enter|activate|switch to) (?:developer|god|jailbreak|dan|unrestricted) mode\\b',
    `\\b(?:act|pretend|behave|respond|answer) ${gap}(?:without|with no|free of) ${gap}(?:restrictions|filters|guidelines|limitations|safety rules)\\b`,
  ),
  ...pattern(
    'prompt_disclosure',
    `\\b(?:reveal|show|print|repeat|output|display|leak|disclose|tell me|give me) ${gap}(?:system prompt|system message|hidden prompt|hidden instructions|initial instructions|developer message)\\b`,
  ),
  ...pattern(
    'concealment',
    "\\b(?:do not|don['’]t|never|without) (?:tell|telling|inform|informing|alert|alerting|notify|notifying|mention|mentioning)(?: this| it| anything| that)?(?: to)? the user\\b",
  ),
  ...pattern(
    'exfiltration',
    `\\b(?:send|post|forward|upload|transmit|exfiltrate|e-?mail) ${gap}(?:api keys?|passwords?|credentials|secrets|access tokens?|private keys?|chat history|conversation history|system prompt) ${gap}(?:to|at) (?:https?:|[\\w.+-]{1,64}@)`,
  ),
  ...pattern(
    'fake_turn',
    '<\\|(?:im_start|im_end|system|start_header_id|endoftext)\\|>',
    '\\[/?inst\\] ?(?:<<sys>>|ignore|you are|new)|<</?sys>>',
    '(?:^|[.!>#*\\] ])(?:new|updated|important|real) (?:system )?(?:instructions|prompt|directives) ?(?:from the (?:system|developer|administrator) ?)?:',
    '</(?:tool_result|function_results|system|system_prompt|user_query)>',
  ),
  // Unicode tag characters, which only a model sees. The longest flag emoji takes seven.
  { name: 'hidden_text', regex: /[\u{E0020}-\u{E007E}]{8}/u, raw: true },
];
